//! The world outside, as the sandbox plays it: providers that speak their own wire formats on ports of their own, and
//! the settings with which our services find them there. In production there is none of it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kernel::config::{ConfigError, Mode, Origin, Settings, environment};
use kernel::http::{Listening, listen};
use kernel::service::{Platform, Running};
use kernel::store::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::platform::Failure;
use crate::{demo, settings};

/// With what the sandbox's Stripe signs, and our payments check.
const WEBHOOK_SECRET: &str = "whsec_stoa_sandbox";

/// The sandbox's providers, open and not served yet.
pub struct World {
    service: Running,
    web: Listening,
    mail: tokio::net::TcpListener,
}

/// The settings of the sandbox where nobody said otherwise: who tries it need not know that there are projects, and
/// every provider is the sandbox's own.
pub fn usual(
    settings: Settings,
    file: Option<&Path>,
    flags: &[(String, String)],
) -> Result<Settings, ConfigError> {
    if settings.get(&settings::MODE) != Mode::Sandbox {
        return Ok(settings);
    }
    let web = free(settings.get(&settings::SANDBOX_LISTEN));
    let mail = free(settings.get(&settings::SANDBOX_MAIL));
    let ours = free(settings.get(&settings::LISTEN));
    let scheme = if settings.get(&settings::TLS_CERTIFICATE).is_some() { "https" } else { "http" };
    let (outside, door) = (format!("http://{web}"), format!("{scheme}://{ours}"));
    let given = settings.rows();
    let is_open = |key: &str| given.iter().any(|row| row.key == key && row.origin == Origin::Default);
    let usual = [
        ("auth.project", demo::SLUG.to_owned()),
        ("payments.stripe.url", outside.clone()),
        ("payments.stripe.secret_key", "sk_test_stoa".to_owned()),
        ("payments.stripe.publishable_key", "pk_test_stoa".to_owned()),
        ("payments.stripe.webhook_secrets", WEBHOOK_SECRET.to_owned()),
        ("notifications.email.providers", "smtp".to_owned()),
        ("notifications.email.from", "Stoa Demo <shop@demo.example>".to_owned()),
        ("notifications.smtp.host", mail.ip().to_string()),
        ("notifications.smtp.port", mail.port().to_string()),
        ("notifications.smtp.tls", "none".to_owned()),
        ("notifications.sms.providers", "twilio".to_owned()),
        ("notifications.twilio.url", outside.clone()),
        ("notifications.twilio.account_sid", "AC00000000000000000000000000000000".to_owned()),
        ("notifications.twilio.auth_token", "sandbox".to_owned()),
        ("notifications.twilio.from", "+15005550006".to_owned()),
        (
            "notifications.twilio.status_callback",
            format!("{door}/api/v1/notifications/receipts/twilio?project={{project}}"),
        ),
        ("wallet.auto_account", "true".to_owned()),
        ("wallet.currency", "EUR".to_owned()),
        ("storefront.api_key", demo::KEY.to_owned()),
        ("storefront.stripe_url", outside.clone()),
        ("storefront.currency", "EUR".to_owned()),
        ("storefront.origin", door.clone()),
        ("wallet_app.stripe_url", outside),
        ("wallet_app.currency", "EUR".to_owned()),
        ("wallet_app.origin", door),
    ];
    let open = usual.into_iter().filter(|(key, _)| is_open(key)).map(|(key, value)| (key.to_owned(), value));
    // What is told to others has to be a port that is known.
    let ports = [("listen", ours), ("sandbox.listen", web), ("sandbox.mail", mail)];
    let ports = ports.map(|(key, address)| (key.to_owned(), address.to_string()));
    let flags: Vec<_> = flags.iter().cloned().chain(open).chain(ports).collect();
    Settings::load(settings::declarations(), file, environment(), &flags)
}

/// Ports that were found free, held until they are opened: nobody else may be given them meanwhile.
static HELD: Mutex<Vec<TcpListener>> = Mutex::new(Vec::new());

/// An address with a port that is free, where any port will do.
fn free(address: SocketAddr) -> SocketAddr {
    if address.port() != 0 {
        return address;
    }
    let Ok(listener) = TcpListener::bind(address) else { return address };
    let found = listener.local_addr().unwrap_or(address);
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
    found
}

/// Lets go of a port that is held, for whoever opens it now.
pub fn let_go(address: SocketAddr) {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.retain(|listener| listener.local_addr().is_ok_and(|held| held != address));
}

impl World {
    /// Opens the sandbox's ports and its database, where this is a sandbox.
    pub async fn open(settings: &Settings, platform: &Platform) -> Result<Option<Self>, Failure> {
        if settings.get(&settings::MODE) != Mode::Sandbox {
            return Ok(None);
        }
        let opened = |address: SocketAddr| {
            move |error| Failure::File(format!("the sandbox's address {address}"), error)
        };
        let (at, mail_at) = (settings.get(&settings::SANDBOX_LISTEN), settings.get(&settings::SANDBOX_MAIL));
        [at, mail_at].into_iter().for_each(let_go);
        let web = listen(at).await.map_err(opened(at))?;
        let mail = tokio::net::TcpListener::bind(mail_at).await.map_err(opened(mail_at))?;
        let platform = platform.clone();
        let service = tokio::task::spawn_blocking(move || sandbox::service().open(&platform)).await;
        let service = service
            .map_err(|error| Failure::Other(error.to_string()))?
            .map_err(|error| Failure::Store("sandbox", error))?;
        Ok(Some(Self { service, web, mail }))
    }

    /// Where the providers answer.
    pub fn address(&self) -> SocketAddr {
        self.web.address()
    }

    /// Serves until `stop` changes; webhooks go to our own `door`.
    pub async fn start(
        self,
        door: &str,
        drain: Duration,
        stop: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> Result<Store, Failure> {
        let Self { service, web, mail } = self;
        let webhooks = format!("{door}/api/v1/webhooks/stripe");
        sandbox::point_webhooks(&service, &webhooks, WEBHOOK_SECRET)
            .await
            .map_err(|error| Failure::Store("sandbox", error))?;
        service.start(&[], stop, tasks);
        tasks.spawn(web.serve(sandbox::routes(&service), stop.clone(), drain));
        let (post, stopping) = (service.clone(), stop.clone());
        tasks.spawn(async move { sandbox::post::smtp(&post, mail, stopping, None).await });
        Ok(service.store().clone())
    }
}
