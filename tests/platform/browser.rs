//! A real browser, driven over WebDriver: Chromium without a window, and its driver from the same distribution.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::testing::unique_directory;
use serde_json::{Value, json};

use crate::stage::is_required;
use crate::wire::{Request, Wire};

const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(25);
/// The name under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// It is alone, calls nobody at home, and shows nothing on a screen.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
];

/// As narrow as a window gets.
const NARROWEST: u32 = 500;

/// How wide and high the window is.
#[derive(Clone, Copy)]
pub struct Window(pub u32, pub u32);

/// A phone held upright.
pub const PHONE: Window = Window(390, 844);
/// A desk.
pub const DESK: Window = Window(1280, 900);

/// A browser with a profile of its own; it ends with the value.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// A fresh one, where there is a driver.
    pub fn open(window: Window) -> Option<Self> {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let Ok(mut driver) = command.spawn() else {
            assert!(!is_required("chromium"), "chromedriver is not there");
            eprintln!("skipped: chromedriver is not there");
            return None;
        };
        let said = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = said.into_iter().find_map(|line| {
            let port = line.split("successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse().ok()
        });
        let address = SocketAddr::from(([127, 0, 0, 1], port.unwrap()));
        let mut browser = Self { driver, address, session: String::new(), profile: unique_directory() };
        let profile = format!("--user-data-dir={}", browser.profile.display());
        let size = format!("--window-size={},{}", window.0, window.1);
        let flags: Vec<&str> = FLAGS.iter().copied().chain([profile.as_str(), size.as_str()]).collect();
        let mut options = json!({ "args": flags });
        // No window is as narrow as a phone, so the page is told that it is on one.
        if window.0 < NARROWEST {
            let metrics = json!({ "width": window.0, "height": window.1, "pixelRatio": 1, "touch": false });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let begun = browser.ask("POST", "", &wanted);
        browser.session = format!("/{}", begun["sessionId"].as_str().unwrap());
        Some(browser)
    }

    /// Opens a page.
    pub fn go(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.get("url").as_str().unwrap().to_owned()
    }

    /// One page back.
    pub fn back(&self) {
        self.post("back", &json!({}));
    }

    /// The same page once more.
    pub fn reload(&self) {
        self.post("refresh", &json!({}));
    }

    /// Clicks an element, once it is there.
    pub fn click(&self, css: &str) {
        let element = self.element(css);
        // People scroll until nothing lies over it.
        self.run("arguments[0].scrollIntoView({ block: 'center' })", &json!([{ ELEMENT: element }]));
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into a field, which is emptied first.
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.post(&format!("element/{element}/clear"), &json!({}));
        self.post(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Chooses an option of a list by its value.
    pub fn choose(&self, css: &str, value: &str) {
        let chosen = self.run(
            "const list = document.querySelector(arguments[0]); list.value = arguments[1];
             list.dispatchEvent(new Event('change', { bubbles: true })); return list.value",
            &json!([css, value]),
        );
        assert_eq!(chosen, value, "{css} has no such option");
    }

    /// What a script answers.
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Waits until the page's text holds this.
    pub fn sees(&self, text: &str) {
        let seen = || self.run("return document.body ? document.body.innerText : ''", &json!([]));
        self.until(&format!("`{text}` on the page"), || {
            seen().as_str().is_some_and(|all| all.contains(text))
        });
    }

    /// Waits until it is at an address that holds this.
    pub fn is_at(&self, part: &str) {
        self.until(&format!("an address with `{part}`"), || self.url().contains(part));
    }

    /// Opens another tab and goes there; answers with the tab that was left.
    pub fn another_tab(&self) -> String {
        let left = self.get("window").as_str().unwrap().to_owned();
        let opened = self.post("window/new", &json!({ "type": "tab" }));
        self.show_tab(opened["handle"].as_str().unwrap());
        left
    }

    /// Goes to a tab.
    pub fn show_tab(&self, tab: &str) {
        self.post("window", &json!({ "handle": tab }));
    }

    /// What is seen, as a PNG; kept where `STOA_TEST_PICTURES` says.
    pub fn picture(&self, name: &str) {
        let Ok(directory) = std::env::var("STOA_TEST_PICTURES") else { return };
        let picture = self.get("screenshot");
        let bytes = STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(PathBuf::from(directory).join(format!("{name}.png")), bytes).unwrap();
    }

    /// Errors that the page's scripts made, and what its policy forbade, by the page's own account.
    pub fn complaints(&self) -> Vec<String> {
        let said = self.post("se/log", &json!({ "type": "browser" }));
        let lines = said.as_array().into_iter().flatten();
        let severe = lines.filter(|line| line["level"] == "SEVERE");
        severe.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn until(&self, what: &str, mut seen: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !seen() {
            if Instant::now() > deadline {
                self.picture("what-was-seen-instead");
                let page = self.run("return document.body ? document.body.innerText : ''", &json!([]));
                panic!("{what} did not come; at {}: {}", self.url(), page.as_str().unwrap_or_default());
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn element(&self, css: &str) -> String {
        let mut found = None;
        self.until(css, || {
            found = self.find(css);
            found.is_some()
        });
        found.unwrap()
    }

    fn find(&self, css: &str) -> Option<String> {
        let found = self.post("elements", &json!({ "using": "css selector", "value": css }));
        Some(found[0][ELEMENT].as_str()?.to_owned())
    }

    fn get(&self, what: &str) -> Value {
        self.ask("GET", &format!("{}/{what}", self.session), &Value::Null)
    }

    fn post(&self, what: &str, body: &Value) -> Value {
        self.ask("POST", &format!("{}/{what}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        // It answers to nobody who calls it by another name.
        let request = Request::new(method, &format!("/session{path}")).header("host", "localhost");
        let request = if body.is_null() { request } else { request.json(body.to_string()) };
        let reply = Wire::connect(self.address).unwrap().ask(&request).unwrap();
        let mut said = reply.json();
        assert_eq!(reply.status, 200, "{method} {path} {body}: {}", said["value"]["message"]);
        said["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser; the driver that was ours is killed by its own id.
        if let Ok(mut wire) = Wire::connect(self.address) {
            let end = Request::new("DELETE", &format!("/session{}", self.session));
            let _ = wire.ask(&end.header("host", "localhost"));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
