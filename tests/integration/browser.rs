//! The page in a real Chromium, driven through WebDriver.
//!
//! `HAIRLINE_SCREENS` names a folder in which screenshots are kept.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use hairline::registry;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Server, wall};

/// ChromeDriver and a session in it.
pub struct Browser {
    pub client: Client,
    downloads: TempDir,
    _driver: Driver,
}

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How large it is, and whether it is dark and runs scripts.
#[derive(Clone, Copy)]
pub struct Window {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    pub script: bool,
}

pub const WIDE: Window = Window { width: 1440, height: 1000, dark: false, script: true };
pub const PHONE: Window = Window { width: 390, height: 844, dark: false, script: true };
/// Windows in which every page is looked at, with the ends of their pictures' names.
pub const WINDOWS: [(&str, Window); 4] = [
    ("wide-light", WIDE),
    ("wide-dark", Window { dark: true, ..WIDE }),
    ("phone-light", PHONE),
    ("phone-dark", Window { dark: true, ..PHONE }),
];

impl Browser {
    pub async fn open(window: Window) -> Self {
        Self::with_profile(window, None).await
    }

    /// Opens a browser that keeps what pages store in `profile`, where an earlier one may have left something.
    pub async fn with_profile(window: Window, profile: Option<&Path>) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::null()).spawn().unwrap();
        let driver = Driver(driver);
        let downloads = tempfile::tempdir().unwrap();
        let client = loop {
            let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
            builder.capabilities(capabilities(window, downloads.path(), profile));
            if let Ok(client) = builder.connect(&format!("http://127.0.0.1:{port}")).await {
                break client;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        client.update_timeouts(TimeoutConfiguration::new(Some(Duration::from_secs(60)), None, None)).await.unwrap();
        Self { client, downloads, _driver: driver }
    }

    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Runs `script` until it gives something true.
    pub async fn wait_for(&self, script: &str) -> Value {
        for _ in 0..600 {
            let value = self.run(script).await;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("this never became true: {script}\n{}", self.client.source().await.unwrap_or_default());
    }

    /// Asserts that nothing failed on the page, refused styles and scripts included.
    pub async fn assert_no_errors(&self) {
        let log: Value = self.client.issue_cmd(BrowserLog).await.unwrap();
        let errors: Vec<&Value> = log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE").collect();
        assert!(errors.is_empty(), "the console shows {errors:?}");
    }

    pub async fn upload(&self, path: &Path) {
        let input = self.client.find(Locator::Css("#file")).await.unwrap();
        input.send_keys(&path.display().to_string()).await.unwrap();
    }

    pub async fn screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os("HAIRLINE_SCREENS") else { return };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
    }
}

fn capabilities(window: Window, downloads: &Path, profile: Option<&Path>) -> serde_json::Map<String, Value> {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".into(),
        "--disable-gpu".into(),
        "--disable-quic".into(),
        "--no-first-run".into(),
        "--disable-background-networking".into(),
        "--disable-component-update".into(),
        "--disable-sync".into(),
        "--hide-scrollbars".into(),
        format!("--window-size={},{}", window.width.max(500), window.height),
    ];
    arguments.extend(profile.map(|profile| format!("--user-data-dir={}", profile.display())));
    if window.dark {
        arguments.push("--force-dark-mode".into());
        arguments.push("--blink-settings=preferredColorScheme=0".into());
    }
    let mut options = json!({
        "args": arguments,
        "prefs": {
            "download.default_directory": downloads.display().to_string(),
            "profile.managed_default_content_settings.javascript": if window.script { 1 } else { 2 },
        },
    });
    // A window of a desktop browser cannot be as narrow as a phone.
    if window.width < 500 {
        let metrics = json!({ "width": window.width, "height": window.height, "pixelRatio": 2.0, "touch": true });
        options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
    }
    json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } }).as_object().unwrap().clone()
}

pub fn photo(folder: &Path) -> PathBuf {
    let path = folder.join("my wall.png");
    fs_err::write(&path, wall(480, 320)).unwrap();
    path
}

pub const READY: &str = "return document.querySelector('crack-viewer[data-ready]') !== null";
/// Number of canvas pixels in the overlay's plain colour.
const MARKED: &str = "const c = document.querySelector('crack-viewer canvas');
    const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
    for (let i = 0; i < d.length; i += 4) if (d[i] === 255 && d[i+1] === 92 && d[i+2] === 0) n++; return n";

/// A script that moves a slider of the viewer.
pub fn set_slider(which: &str, value: f64) -> String {
    format!(
        "const s = document.querySelector('[data-{which}-slider]'); s.value = {value}; s.dispatchEvent(new Event('input', {{ bubbles: true }})); return true"
    )
}

/// Waits until what was asked for is drawn.
pub async fn settle(browser: &Browser) {
    browser
        .client
        .execute_async(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)))",
            vec![],
        )
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn upload_see_the_overlay_move_the_threshold_download_the_mask() {
    let server = Server::start();
    let browser = Browser::open(WIDE).await;
    browser.client.goto(&server.url).await.unwrap();
    browser.upload(&photo(server.folder.path())).await;
    browser.wait_for(READY).await;
    browser.run(&set_slider("opacity", 100.0)).await;
    browser.run("document.querySelector('.shown input[value=mask]').click()").await;
    browser.run("document.querySelector('[data-zoom=actual]').click()").await;
    settle(&browser).await;
    let share = || async {
        browser.run("return document.querySelector('[data-share]').textContent").await.as_str().unwrap().to_owned()
    };
    let marked = browser.run(MARKED).await.as_u64().unwrap();
    assert!(marked > 300, "the crack is not drawn: {marked} pixels");
    let share_before = share().await;

    browser.run(&set_slider("threshold", 0.97)).await;
    settle(&browser).await;
    let fewer = browser.run(MARKED).await.as_u64().unwrap();
    assert!(fewer < marked, "{fewer} of {marked} pixels are left at a stricter threshold");
    assert_ne!(share().await, share_before);

    browser.run("document.querySelector('[data-download=mask]').click()").await;
    let file = browser.downloads.path().join("my wall.mask.png");
    for _ in 0..200 {
        if file.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let id = browser.run("return document.querySelector('[data-prediction]').dataset.prediction").await;
    let expected = server.get(&format!("/api/v1/predictions/{}/mask.png?threshold=0.97", id.as_str().unwrap())).body;
    assert_eq!(fs_err::read(&file).unwrap(), expected, "the download is the mask at the chosen threshold");
    let mask = image::load_from_memory(&expected).unwrap().into_luma8();
    let white = mask.as_raw().iter().filter(|&&v| v == 255).count();
    let percent = format!("{:.2} %", white as f64 / mask.as_raw().len() as f64 * 100.0);
    assert_eq!(share().await, percent);

    browser.assert_no_errors().await;
    browser.client.clone().close().await.unwrap();
}

/// ChromeDriver's own command for what the console printed.
#[derive(Debug)]
struct BrowserLog;

impl fantoccini::wd::WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn keyboard_alone_reaches_everything() {
    let server = Server::start();
    let browser = Browser::open(WIDE).await;
    browser.client.goto(&server.url).await.unwrap();
    browser.upload(&photo(server.folder.path())).await;
    browser.wait_for(READY).await;
    let mut reached = std::collections::BTreeSet::new();
    let script = "const e = document.activeElement; return e.tagName + ' ' + (e.id || '') + ' ' + Object.keys(e.dataset).join(' ') + ' ' + (e.name || '')";
    for _ in 0..60 {
        let tab = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value: Key::Tab.into() })
            .then(KeyAction::Up { value: Key::Tab.into() });
        browser.client.perform_actions(tab).await.unwrap();
        reached.insert(browser.run(script).await.as_str().unwrap().to_owned());
    }
    for wanted in [
        "INPUT file",
        "sample",
        "CANVAS",
        "thresholdSlider",
        "opacitySlider",
        "colour-",
        "zoom",
        "compare",
        "download",
        "theme",
    ] {
        assert!(reached.iter().any(|element| element.contains(wanted)), "{wanted} is not reached: {reached:#?}");
    }
    let canvas = browser.client.find(Locator::Css("crack-viewer canvas")).await.unwrap();
    let zoom = || async { browser.run("return document.querySelector('[data-zoom-level]').textContent").await };
    canvas.send_keys("1").await.unwrap();
    settle(&browser).await;
    assert_eq!(zoom().await, "100 %");
    canvas.send_keys("+").await.unwrap();
    settle(&browser).await;
    assert_ne!(zoom().await, "100 %");
    browser.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn without_script_the_form_leads_to_the_overlay() {
    let server = Server::start();
    let browser = Browser::open(Window { script: false, ..WIDE }).await;
    browser.client.goto(&server.url).await.unwrap();
    browser.upload(&photo(server.folder.path())).await;
    browser.client.find(Locator::Css("button.no-js")).await.unwrap().click().await.unwrap();
    for _ in 0..200 {
        if browser.client.find(Locator::Css("img.overlay")).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let overlay = browser.client.find(Locator::Css("img.overlay")).await.unwrap();
    let threshold = registry::load("open", Path::new("models")).unwrap().metadata.threshold;
    let expected = format!("/overlay.png?threshold={threshold}&");
    assert!(overlay.attr("src").await.unwrap().unwrap().contains(&expected));
    browser.screenshot("no-script").await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_page_fits_every_window() {
    let server = Server::start();
    for (name, window) in WINDOWS {
        let browser = Browser::open(window).await;
        browser.client.goto(&server.url).await.unwrap();
        browser.screenshot(&format!("{name}-start")).await;
        browser.run("document.querySelector('button.sample').click()").await;
        browser.wait_for("return document.querySelector('[data-state=running]') !== null || document.querySelector('crack-viewer[data-ready]') !== null").await;
        browser.screenshot(&format!("{name}-running")).await;
        browser.wait_for(READY).await;
        browser.run("document.querySelector('crack-viewer').scrollIntoView()").await;
        settle(&browser).await;
        browser.screenshot(&format!("{name}-result")).await;
        let (width, dark) = (window.width, window.dark);
        let wider = browser
            .run("const w = document.documentElement.clientWidth; return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > w + 0.5).map(e => e.outerHTML.slice(0, 80))")
            .await;
        let sideways =
            browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert!(sideways.as_i64().unwrap() <= 0, "{name} scrolls sideways by {sideways} px: {wider}");
        let shown_dark = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(shown_dark, dark, "{name}");
        assert!(browser.run("return innerWidth").await.as_u64().unwrap() <= u64::from(width));
        browser.client.clone().close().await.unwrap();
    }
}
