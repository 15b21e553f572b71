//! Measured cracks on the page in a real Chromium: table, picture, profile and scale.

use std::time::Duration;

use fantoccini::Locator;
use fantoccini::actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser::{Browser, PHONE, READY, WIDE, Window, set_slider, settle};
use crate::support::{Part, Request, Server};

/// A sample with several cracks.
const SAMPLE: &str = "asphalt";

/// A window that shows photograph and table at once.
const TALL: Window = Window { height: 1560, ..WIDE };

/// Numbers of the rows from top to bottom.
const ORDER: &str = "return [...document.querySelectorAll('tr[data-crack]')].map(row => Number(row.dataset.crack))";
const HOT: &str = "return Number(document.querySelector('tr.hot')?.dataset.crack ?? 0)";
/// What the canvas shows, as a number.
const PICTURE: &str = "const c = document.querySelector('crack-viewer canvas');
    const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
    for (let i = 0; i < d.length; i++) n = (n * 31 + d[i]) % 1e9; return n";

/// The page of one sample, measured and drawn.
struct Page<'a> {
    server: &'a Server,
    browser: Browser,
    api: String,
}

impl<'a> Page<'a> {
    async fn open(server: &'a Server, window: Window) -> Self {
        Self::open_sample(server, window, SAMPLE).await
    }

    async fn open_sample(server: &'a Server, window: Window, sample: &str) -> Self {
        let form = [Part::file("file", "", b""), Part::text("sample", sample)];
        let location = Request::new("POST", "/predictions").form(&form).send(server).location;
        let browser = Browser::open(window).await;
        browser.client.goto(&format!("{}{location}", server.url)).await.unwrap();
        let page = Self { server, browser, api: format!("/api/v1{location}") };
        if window.script {
            page.wait_until_measured().await;
        }
        page
    }

    async fn wait_until_measured(&self) {
        self.browser.wait_for(READY).await;
        self.browser.wait_for("return document.querySelector('crack-viewer').measures.layer !== null").await;
        settle(&self.browser).await;
    }

    fn cracks(&self) -> Vec<Value> {
        self.server.get(&format!("{}/cracks", self.api)).json()["cracks"].as_array().unwrap().clone()
    }

    /// Middle of the longest branch of crack `number`, in the window's coordinates.
    async fn place_of(&self, number: u64) -> (f64, f64) {
        let cracks = self.cracks();
        let crack = cracks.iter().find(|crack| crack["number"] == number).unwrap();
        let points = crack["polylines"][0]["points"].as_array().unwrap();
        let point = &points[points.len() / 2];
        let at = self
            .browser
            .run(&format!(
                "const v = document.querySelector('crack-viewer'), b = v.canvas.getBoundingClientRect(), r = v.canvas.width / b.width;
                return [b.left + ({} * v.view.scale + v.view.x) / r, b.top + ({} * v.view.scale + v.view.y) / r]",
                point[0], point[1]
            ))
            .await;
        (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
    }

    async fn mouse(&self, (x, y): (f64, f64), click: bool) {
        let duration = Some(Duration::from_millis(20));
        let mut actions = MouseActions::new("mouse".into()).then(PointerAction::MoveTo { duration, x, y });
        if click {
            actions = actions
                .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
                .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        }
        self.browser.client.perform_actions(actions).await.unwrap();
        settle(&self.browser).await;
    }

    async fn keys(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keyboard".into());
        for &value in keys {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.browser.client.perform_actions(actions).await.unwrap();
        settle(&self.browser).await;
    }

    async fn middle_of(&self, selector: &str) -> (f64, f64) {
        let script = format!(
            "const e = document.querySelector('{selector}'); e.scrollIntoView({{ block: 'nearest' }});
            const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]"
        );
        let at = self.browser.run(&script).await;
        (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
    }

    async fn submit(&self, way: &str, field: &str, value: &str) {
        let script = format!(
            "document.querySelector('[data-scale-control]').open = true; const f = document.querySelector('[data-way={way}]');
            f.elements['{field}'].value = '{value}'; f.requestSubmit()"
        );
        self.browser.run(&script).await;
    }

    async fn close(self) {
        self.browser.assert_no_errors().await;
        self.browser.client.clone().close().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_table_has_the_cracks_of_the_api_and_is_sorted_by_its_headers() {
    let server = Server::start();
    let page = Page::open(&server, WIDE).await;
    let cracks = page.cracks();
    assert!(cracks.len() >= 3, "{} cracks are too few to be sorted", cracks.len());
    let numbers: Vec<u64> = cracks.iter().map(|crack| crack["number"].as_u64().unwrap()).collect();
    assert_eq!(page.browser.run(ORDER).await, json!(numbers));
    let length = page.browser.run("return document.querySelector('tr[data-crack=\"1\"]').cells[2].textContent").await;
    let expected = format!("{:.0}\u{a0}px", cracks[0]["length_px"]["value"].as_f64().unwrap());
    assert!(length.as_str().unwrap().starts_with(&expected), "{length} is not {expected}");

    let mut by_width = cracks.clone();
    by_width.sort_by(|a, b| {
        let width = |crack: &Value| crack["width_max_px"]["value"].as_f64().unwrap();
        width(b).total_cmp(&width(a))
    });
    let mut wanted: Vec<u64> = by_width.iter().map(|crack| crack["number"].as_u64().unwrap()).collect();
    let header = page.browser.client.find(Locator::Css(".rows thead th:nth-child(5) button")).await.unwrap();
    let sorted = "return document.querySelector('.rows thead th:nth-child(5)').ariaSort";
    header.click().await.unwrap();
    assert_eq!(page.browser.run(sorted).await, "descending");
    assert_eq!(page.browser.run(ORDER).await, json!(wanted));
    header.click().await.unwrap();
    wanted.reverse();
    assert_eq!(page.browser.run(sorted).await, "ascending");
    assert_eq!(page.browser.run(ORDER).await, json!(wanted));

    page.browser.run(&set_slider("threshold", 0.9)).await;
    page.browser.wait_for("return document.querySelector('[data-measured]').dataset.threshold === '0.9'").await;
    assert_eq!(page.browser.run(sorted).await, "ascending", "the order survives another threshold");
    let fewer = server.get(&format!("{}/cracks?threshold=0.9", page.api)).json();
    assert_eq!(page.browser.run(ORDER).await.as_array().unwrap().len(), fewer["cracks"].as_array().unwrap().len());
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn pointing_couples_table_and_picture_both_ways() {
    let server = Server::start();
    let page = Page::open(&server, WIDE).await;
    page.mouse((2.0, 2.0), false).await;
    let plain = page.browser.run(PICTURE).await;
    let row = page.middle_of("tr[data-crack=\"2\"]").await;
    page.mouse(row, false).await;
    assert_eq!(page.browser.run(HOT).await, 2);
    let pointed = page.browser.run(PICTURE).await;
    assert_ne!(pointed, plain, "the crack is not marked in the picture");
    page.mouse((2.0, 2.0), false).await;
    assert_eq!(page.browser.run(HOT).await, 0);
    assert_eq!(page.browser.run(PICTURE).await, plain, "the mark stays");

    // Too low for all rows: the one that is pointed at is brought into view, and the page stays where it is.
    page.browser.run("document.querySelector('.rows').style.maxHeight = '5rem'; scrollTo(0, 0)").await;
    let last = page.cracks().len() as u64;
    let place = page.place_of(last).await;
    page.mouse(place, false).await;
    assert_eq!(page.browser.run(HOT).await, last);
    let inside = "const o = document.querySelector('.rows').getBoundingClientRect(), i = document.querySelector('tr.hot').getBoundingClientRect();
        return i.bottom <= o.bottom + 1 && i.top >= o.top && scrollY === 0";
    assert_eq!(page.browser.run(inside).await, true);
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_click_in_the_picture_or_enter_in_the_table_opens_the_profile() {
    let server = Server::start();
    let page = Page::open(&server, TALL).await;
    let place = page.place_of(1).await;
    page.mouse(place, true).await;
    let title = "return document.querySelector('[data-profile] b')?.textContent ?? ''";
    assert_eq!(page.browser.run(title).await, "Crack 1");
    assert_eq!(page.browser.run("return document.querySelector('tr[aria-current]').dataset.crack").await, "1");
    let said = page.browser.run("return document.querySelector('[data-profile] svg').textContent").await;
    let said = said.as_str().unwrap();
    assert!(said.contains("Width, px") && said.contains("Distance along the crack, px"), "{said}");

    let plot = page.middle_of("[data-profile] svg").await;
    page.mouse(plot, false).await;
    let marked = page.browser.run("return document.querySelector('crack-viewer').measures.place").await;
    let near = |point: &Value| {
        let off = |i: usize| point[i].as_f64().unwrap() - marked[i].as_f64().unwrap();
        off(0).hypot(off(1))
    };
    let cracks = page.cracks();
    let points = cracks[0]["polylines"].as_array().unwrap().iter().flat_map(|line| line["points"].as_array().unwrap());
    let nearest = points.map(near).fold(f64::MAX, f64::min);
    assert!(nearest < 60.0, "{marked} is {nearest} px from the crack");
    let readout = page.browser.run("return document.querySelector('[data-profile] output').textContent").await;
    assert!(readout.as_str().unwrap().contains(" px ("), "{readout}");
    page.browser.screenshot("cracks-profile").await;

    page.browser.run("document.querySelector('tr[data-crack=\"2\"]').focus()").await;
    page.keys(&[Key::Enter.into()]).await;
    assert_eq!(page.browser.run(title).await, "Crack 2");
    page.keys(&[Key::Escape.into()]).await;
    assert_eq!(page.browser.run(title).await, "");
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn two_clicks_and_a_distance_give_the_scale_of_the_api() {
    let server = Server::start();
    let page = Page::open(&server, TALL).await;
    page.browser
        .run("document.querySelector('[data-set-scale]').click(); document.querySelector('[data-measure]').click()")
        .await;
    settle(&page.browser).await;
    let (x, y) = page.middle_of("crack-viewer canvas").await;
    page.mouse((x - 150.0, y), true).await;
    page.mouse((x + 150.0, y + 80.0), true).await;
    let field = |name: &str| format!("return document.querySelector('[data-way=points]').elements.{name}.value");
    let mut query = String::new();
    for name in ["x1", "y1", "x2", "y2"] {
        query += &format!("{name}={}&", page.browser.run(&field(name)).await.as_str().unwrap());
    }
    // The field for the distance has the focus: typing goes on.
    page.keys(&['2', '5', '0', Key::Enter.into()]).await;
    page.browser.wait_for("return document.querySelector('[data-measured]').dataset.mmPerPx !== undefined").await;
    let shown = page.browser.run("return Number(document.querySelector('[data-measured]').dataset.mmPerPx)").await;
    let scale = &server.get(&format!("{}/cracks?{query}distance_mm=250", page.api)).json()["scale"];
    let (shown, of_api) = (shown.as_f64().unwrap(), scale["mm_per_px"].as_f64().unwrap());
    assert!((shown / of_api - 1.0).abs() < 1e-5, "{shown} is not {of_api}");
    let pixel =
        "const v = document.querySelector('crack-viewer'); return v.canvas.width / v.canvas.clientWidth / v.view.scale";
    let pixel = page.browser.run(pixel).await.as_f64().unwrap();
    let expected = 250.0 / (pixel * 300.0_f64.hypot(80.0));
    assert!((shown / expected - 1.0).abs() < 0.01, "{shown} is not {expected}");
    assert_eq!(scale["source"], "two_points");
    let kept = "return document.querySelector('[data-way=points]').elements.distance_mm.value";
    assert_eq!(page.browser.run(kept).await, "250");
    page.browser.run("document.querySelector('[data-scale-control]').open = true").await;
    page.browser.screenshot("cracks-scale").await;

    for zoom in ["fit", "actual", "in", "in", "out"] {
        page.browser.run(&format!("document.querySelector('[data-zoom={zoom}]').click()")).await;
        settle(&page.browser).await;
        let bar = "const v = document.querySelector('crack-viewer'), b = v.querySelector('[data-bar]');
            return [parseFloat(b.textContent) / Number(document.querySelector('[data-measured]').dataset.mmPerPx) * v.view.scale / (v.canvas.width / v.canvas.clientWidth),
                b.getBoundingClientRect().width, b.textContent.endsWith(' mm')]";
        let bar = page.browser.run(bar).await;
        let (meant, drawn) = (bar[0].as_f64().unwrap(), bar[1].as_f64().unwrap());
        assert!((meant - drawn).abs() < 1.0 && drawn > 40.0 && bar[2] == true, "{zoom}: {bar}");
    }
    page.browser.client.refresh().await.unwrap();
    page.browser
        .wait_for(&format!("return document.querySelector('[data-measured]')?.dataset.mmPerPx === '{shown}'"))
        .await;
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_keyboard_measures_a_distance_too_and_what_is_wrong_is_said_beside_its_field() {
    let server = Server::start();
    let page = Page::open(&server, WIDE).await;
    page.browser.run("document.querySelector('[data-scale-control]').open = true").await;
    page.submit("points", "distance_mm", "250").await;
    let said = |place: &str| format!("return document.querySelector('[data-way={place}] .problem-text').textContent");
    assert!(page.browser.run(&said("points")).await.as_str().unwrap().contains("two points"));

    page.browser.run("document.querySelector('[data-measure]').focus()").await;
    let right: char = Key::Right.into();
    page.keys(&[Key::Enter.into()]).await;
    page.keys(&[Key::Enter.into(), right, right, right, right, right, Key::Enter.into()]).await;
    let apart = page
        .browser
        .run("const e = document.querySelector('[data-way=points]').elements; return e.x2.value - e.x1.value")
        .await;
    let pixel =
        "const v = document.querySelector('crack-viewer'); return v.canvas.width / v.canvas.clientWidth / v.view.scale";
    let pixel = page.browser.run(pixel).await.as_f64().unwrap();
    assert!((apart.as_f64().unwrap() - 50.0 * pixel).abs() < 0.1, "{apart}");

    let rows = page.browser.run(ORDER).await;
    page.submit("given", "mm_per_px", "-1").await;
    page.browser.wait_for(&said("given").replace("textContent", "textContent.includes('0.001')")).await;
    assert_eq!(page.browser.run(ORDER).await, rows, "the table stays");
    page.submit("given", "mm_per_px", "0.2").await;
    page.browser.wait_for("return document.querySelector('[data-measured]').dataset.mmPerPx === '0.2'").await;
    page.browser.wait_for("return document.querySelector('.htmx-request') === null").await;
    let standard = "const s = document.querySelector('[name=standard]:not([type=hidden])'); s.value = 'ltpp-asphalt'; s.dispatchEvent(new Event('change', { bubbles: true }))";
    page.browser.run(standard).await;
    page.browser.wait_for("return document.querySelector('[data-context]').textContent.includes('LTPP')").await;
    let levels = server.get(&format!("{}/cracks?mm_per_px=0.2&standard=ltpp-asphalt", page.api)).json();
    let level =
        page.browser.run("return document.querySelector('tr[data-crack=\"1\"] .levels').textContent.trim()").await;
    assert_eq!(level, levels["cracks"][0]["severity"][0]["level"]);
    // The refusal above is an answer of the server, which Chromium lists among failures.
    page.browser.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn without_script_the_table_is_there_and_the_form_sets_the_scale() {
    let server = Server::start();
    let page = Page::open(&server, Window { script: false, ..WIDE }).await;
    let client = &page.browser.client;
    for _ in 0..200 {
        if client.find(Locator::Css("tr[data-crack]")).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(client.find_all(Locator::Css("tr[data-crack]")).await.unwrap().len(), page.cracks().len());
    client.find(Locator::Css("[data-scale-control] summary")).await.unwrap().click().await.unwrap();
    let field = client.find(Locator::Css("[name=mm_per_px]")).await.unwrap();
    field.send_keys("0.25").await.unwrap();
    client.find(Locator::Css("[data-way=given] button")).await.unwrap().click().await.unwrap();
    client.wait().for_element(Locator::Css("[data-mm-per-px='0.25']")).await.unwrap();
    let header = client.find(Locator::Css(".rows thead th:nth-child(3)")).await.unwrap();
    assert_eq!(header.text().await.unwrap(), "Length, mm");
    assert!(client.current_url().await.unwrap().query().unwrap().contains("mm_per_px=0.25"));
    page.browser.screenshot("cracks-no-script").await;
    page.browser.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_phone_shows_few_columns_and_the_rest_with_the_profile() {
    let server = Server::start();
    for dark in [false, true] {
        let page = Page::open(&server, Window { dark, ..PHONE }).await;
        page.submit("given", "mm_per_px", "0.2").await;
        page.browser.wait_for("return document.querySelector('[data-measured]').dataset.mmPerPx === '0.2'").await;
        page.browser.wait_for("return document.querySelector('crack-viewer').measures.mmPerPx === 0.2").await;
        page.browser.run("document.querySelector('tr[data-crack=\"1\"]').click()").await;
        settle(&page.browser).await;
        let columns = "return [...document.querySelectorAll('.rows thead th')].filter(th => th.offsetWidth > 0).length";
        assert_eq!(page.browser.run(columns).await, 3);
        let facts = page.browser.run("return document.querySelector('.profile-head').textContent").await;
        assert!(facts.as_str().unwrap().contains("orientation"), "{facts}");
        let shown = "return document.querySelector('.facts-left-out').offsetHeight > 0";
        assert_eq!(page.browser.run(shown).await, true);
        let sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(page.browser.run(sideways).await, 0);
        page.browser.run("document.querySelector('[data-summary]').scrollIntoView()").await;
        page.browser.screenshot(&format!("cracks-phone-{}", if dark { "dark" } else { "light" })).await;
        page.close().await;
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn every_sample_shows_its_cracks_in_light_and_dark() {
    let server = Server::start();
    let cases = [
        ("concrete", "wide-light", false),
        ("asphalt", "wide-dark", true),
        ("brick", "brick", false),
        ("render", "render", true),
        ("formwork", "formwork", false),
    ];
    for (sample, name, dark) in cases {
        let page = Page::open_sample(&server, Window { dark, ..TALL }, sample).await;
        let cracks = page.cracks();
        assert_eq!(page.browser.run(ORDER).await.as_array().unwrap().len(), cracks.len(), "{sample}");
        page.browser.run("document.querySelector('.shown input[value=widths]').click()").await;
        settle(&page.browser).await;
        let with_lines = page.browser.run(PICTURE).await;
        page.browser.screenshot(&format!("cracks-{name}")).await;
        page.browser.run("document.querySelector('crack-viewer').measures.layer.items.length = 0; document.querySelector('.shown input[value=both]').click(); document.querySelector('.shown input[value=widths]').click()").await;
        settle(&page.browser).await;
        assert_ne!(page.browser.run(PICTURE).await, with_lines, "{sample}: nothing is drawn");
        page.close().await;
    }
}
