//! What each frame of a client asks for.

use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue};

use super::super::number_of;
use super::follow::{Ask, Follower};
use super::session::{Beats, Session, Subscription};
use super::socket::{Over, Socket};
use super::{PROOFS, refusal, trouble};
use crate::domain::stomp::{Command, Frame, Version, beats};

/// How often we are heard, and want to be.
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// Several pages of one face follow a few things each.
const SUBSCRIPTIONS_MAX: usize = 32;
const ID_BYTES_MAX: usize = 256;

impl Session {
    /// Does what the frame asks for.
    pub async fn obey(&mut self, socket: &mut Socket, frame: &Frame) -> Result<(), Over> {
        let receipt = frame.header("receipt");
        if self.version.is_none() && frame.command != Command::Connect {
            return Err(self.broken("connect_first", "the first frame must be CONNECT", receipt));
        }
        match frame.command {
            Command::Connect if self.version.is_some() => {
                Err(self.broken("connected", "this socket is connected already", receipt))
            }
            Command::Connect => self.connect(socket, frame).await,
            Command::Subscribe => self.subscribe(frame, receipt),
            Command::Unsubscribe => {
                self.unsubscribe(frame, receipt)?;
                self.receipt(socket, receipt).await
            }
            Command::Disconnect => {
                self.receipt(socket, receipt).await?;
                Err(Over::Ends { code: 1000, why: "goodbye", last: None })
            }
            Command::Send => {
                let message =
                    "nothing is sent here; change things over HTTP and follow here what becomes of them";
                Err(self.broken("send_over_http", message, receipt))
            }
            Command::Ack => {
                let message =
                    "nothing waits to be acknowledged; the newest state is told again after a reconnect";
                Err(self.broken("no_acknowledgements", message, receipt))
            }
            Command::Transaction => {
                Err(self.broken("no_transactions", "there are no transactions here", receipt))
            }
        }
    }

    async fn connect(&mut self, socket: &mut Socket, frame: &Frame) -> Result<(), Over> {
        let Some(version) = Version::accepted(frame.header("accept-version")) else {
            return Err(self.broken("unknown_version", "none of these versions is spoken here", None));
        };
        let every_ms = u32::try_from(BEAT_EVERY.as_millis()).unwrap_or(u32::MAX);
        let Some((ours_ms, theirs_ms)) = beats(frame.header("heart-beat"), every_ms) else {
            return Err(self.broken("bad_heart_beat", "heart-beat is two numbers of milliseconds", None));
        };
        if let Some(proof) = proof(frame) {
            self.proof = proof;
        }
        let caller = match self.door.proven(&self.page, &self.proof).await {
            Ok(caller) => caller,
            Err(problem) => return Err(self.refused(&refusal(&problem, &self.correlation_id).await, None)),
        };
        if let Err(full) = self.seat.give_to(number_of(&caller)) {
            let problem = trouble("too_many_sockets", &full.to_string(), &self.correlation_id);
            return Err(self.refused(&problem, None));
        }
        let looks = |ms: u32| ms.div_ceil(1_000);
        self.beats = Beats { ours: ours_ms.map(looks), theirs: theirs_ms.map(looks) };
        self.version = Some(version);
        self.frames.agree_on(version);
        let session = self.correlation_id.clone();
        let beats = format!("{every_ms},{every_ms}");
        let mut headers = vec![("version", version.name()), ("session", &session), ("server", "stoa")];
        if version > Version::V10 {
            headers.push(("heart-beat", &beats));
        }
        self.tell(socket, "CONNECTED", &headers, b"").await
    }

    fn subscribe(&mut self, frame: &Frame, receipt: Option<&str>) -> Result<(), Over> {
        let Some(destination) = frame.header("destination") else {
            return Err(self.broken("no_destination", "SUBSCRIBE needs a destination", receipt));
        };
        let Some(id) = self.id_of(frame) else {
            let message = format!("SUBSCRIBE needs an id of at most {ID_BYTES_MAX} bytes");
            return Err(self.broken("no_id", &message, receipt));
        };
        if frame.header("ack").is_some_and(|ack| ack != "auto") {
            let message = "nothing is told again, so the only `ack` is `auto`";
            return Err(self.broken("no_acknowledgements", message, receipt));
        }
        if self.subscriptions.contains_key(id) {
            return Err(self.broken("id_taken", "another subscription has this id", receipt));
        }
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            let message = format!("a socket may follow {SUBSCRIPTIONS_MAX} destinations");
            let problem = trouble("too_many_subscriptions", &message, &self.correlation_id);
            return Err(self.refused(&problem, receipt));
        }
        let path = destination.parse::<PathAndQuery>().ok();
        let Some(path) = path.filter(|path| self.door.is_live(path.path())) else {
            let message = "a destination is the path of a live route, such as /api/v1/accounts/{id}/live";
            let problem = trouble("no_such_destination", message, &self.correlation_id);
            return Err(self.refused(&problem, receipt));
        };
        self.begun += 1;
        let ask = Ask { number: self.begun, path, headers: self.request_headers(), address: self.address };
        let subscription = Subscription {
            number: self.begun,
            destination: destination.to_owned(),
            receipt: receipt.map(str::to_owned),
            _follower: Follower::start(self.door.clone(), ask, self.told.clone()),
        };
        self.subscriptions.insert(id.to_owned(), subscription);
        Ok(())
    }

    fn unsubscribe(&mut self, frame: &Frame, receipt: Option<&str>) -> Result<(), Over> {
        match self.id_of(frame).and_then(|id| self.subscriptions.remove(id)) {
            Some(_) => Ok(()),
            None => Err(self.broken("no_such_subscription", "there is no subscription of this id", receipt)),
        }
    }

    /// By what a subscription is known; the first version named it by its destination if by nothing else.
    fn id_of<'f>(&self, frame: &'f Frame) -> Option<&'f str> {
        let is_first = self.version == Some(Version::V10);
        let named = frame.header("id").or_else(|| frame.header("destination").filter(|_| is_first));
        named.filter(|id| id.len() <= ID_BYTES_MAX)
    }

    async fn receipt(&mut self, socket: &mut Socket, receipt: Option<&str>) -> Result<(), Over> {
        match receipt {
            Some(receipt) => self.tell(socket, "RECEIPT", &[("receipt-id", receipt)], b"").await,
            None => Ok(()),
        }
    }
}

/// The proof that CONNECT brings, as a request would; what no request could carry proves nothing.
fn proof(frame: &Frame) -> Option<HeaderMap> {
    let mut proof = HeaderMap::new();
    for name in PROOFS {
        if let Some(value) = frame.header_in_any_case(name.as_str()) {
            proof.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")));
        }
    }
    (!proof.is_empty()).then_some(proof)
}
