//! The history in a real Chromium: found, judged, deleted and brought back, with and without scripts.

use fantoccini::Locator;

use crate::browser::{Browser, PHONE, READY, WIDE, Window};
use crate::support::{Server, wall_numbered};

/// Files in the gallery, first to last.
const NAMES: &str =
    "return [...document.querySelectorAll('.shot:not([hidden]) .name')].map(e => e.textContent).join(' ')";

/// A server with three predictions, the newest last.
fn judged() -> Server {
    let server = Server::start();
    for (number, name) in ["pier.png", "deck.png", "stairs.png"].iter().enumerate() {
        let answer = server.post_file("/predict?mask=none", name, &wall_numbered(240, 160, number as u32));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    server
}

async fn history(server: &Server, window: Window) -> Browser {
    let browser = Browser::open(window).await;
    browser.client.goto(&format!("{}/history", server.url)).await.unwrap();
    browser
}

async fn click(browser: &Browser, selector: &str) {
    browser.client.wait().for_element(Locator::Css(selector)).await.unwrap().click().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn photographs_are_found_judged_deleted_and_brought_back() {
    let server = judged();
    let browser = history(&server, WIDE).await;
    let loaded = "return [...document.querySelectorAll('.shot img')].every(e => e.complete && e.naturalWidth > 0)";
    browser.wait_for(loaded).await;
    assert_eq!(browser.run(NAMES).await, "stairs.png deck.png pier.png");
    browser.screenshot("history-wide-light").await;

    click(&browser, ".shot:nth-child(2) [value=right]").await;
    browser.wait_for("return document.querySelector('.shot:nth-child(2) [value=right]').ariaPressed === 'true'").await;
    click(&browser, ".shot:nth-child(3) [value=nothing]").await;
    browser
        .wait_for("return document.querySelector('.shot:nth-child(3) [value=nothing]').ariaPressed === 'true'")
        .await;
    let verdict = server.get("/api/v1/predictions?verdict=right").json();
    assert_eq!(verdict["predictions"][0]["file_name"], "deck.png");

    browser.client.find(Locator::Css("#q")).await.unwrap().send_keys("PIER").await.unwrap();
    browser.wait_for(&format!("return ({}) === 'pier.png'", NAMES.trim_start_matches("return "))).await;
    assert!(browser.client.current_url().await.unwrap().query().unwrap().contains("q=PIER"), "it can be shared");
    browser.client.refresh().await.unwrap();
    assert_eq!(browser.run(NAMES).await, "pier.png");
    browser.run("document.querySelector('#q').value = ''; document.querySelector('#verdict').value = 'right'; document.querySelector('#verdict').dispatchEvent(new Event('change', { bubbles: true }))").await;
    browser.wait_for(&format!("return ({}) === 'deck.png'", NAMES.trim_start_matches("return "))).await;

    click(&browser, ".filters a").await;
    browser.wait_for(loaded).await;
    click(&browser, ".shot:nth-child(1) .remove button").await;
    browser.wait_for(&format!("return ({}) === 'deck.png pier.png'", NAMES.trim_start_matches("return "))).await;
    assert_eq!(
        browser.wait_for("return document.querySelector('#undo p')?.textContent").await,
        "stairs.png is deleted."
    );
    browser.screenshot("history-deleted").await;
    click(&browser, "#restore").await;
    browser
        .wait_for(&format!("return ({}) === 'stairs.png deck.png pier.png'", NAMES.trim_start_matches("return ")))
        .await;
    assert!(browser.run("return document.querySelector('#undo p') === null").await.as_bool().unwrap());
    assert_eq!(server.get("/api/v1/predictions").json()["predictions"].as_array().unwrap().len(), 3);
    browser.assert_no_errors().await;

    click(&browser, ".shot:nth-child(1) [value=wrong]").await;
    browser.wait_for("return location.pathname.endsWith('/edit')").await;
    let wrong = server.get("/api/v1/predictions?verdict=wrong").json();
    assert_eq!(wrong["predictions"][0]["file_name"], "stairs.png");
    browser.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_result_is_judged_where_it_is_shown() {
    let server = judged();
    let browser = Browser::open(Window { dark: true, ..WIDE }).await;
    let id = server.get("/api/v1/predictions").json()["predictions"][0]["id"].as_str().unwrap().to_owned();
    browser.client.goto(&format!("{}/predictions/{id}", server.url)).await.unwrap();
    browser.wait_for(READY).await;
    click(&browser, ".judge [value=nothing]").await;
    browser.wait_for("return document.querySelector('.judge [value=nothing]').ariaPressed === 'true'").await;
    assert_eq!(server.get(&format!("/api/v1/predictions/{id}")).json()["verdict"], "nothing");
    browser.assert_no_errors().await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn it_works_without_scripts_on_a_phone_and_in_the_dark() {
    let server = judged();
    let browser = history(&server, Window { script: false, ..PHONE }).await;
    let texts = async |selector: &str| {
        let mut texts = Vec::new();
        for element in browser.client.find_all(Locator::Css(selector)).await.unwrap() {
            texts.push(element.text().await.unwrap());
        }
        texts
    };
    assert_eq!(texts(".shot .name").await, ["stairs.png", "deck.png", "pier.png"]);
    click(&browser, ".shot:nth-child(1) .remove button").await;
    assert_eq!(texts(".shot .name").await, ["deck.png", "pier.png"]);
    assert_eq!(texts("#undo p").await, ["stairs.png is deleted."]);
    click(&browser, "#restore").await;
    assert_eq!(texts(".shot .name").await.len(), 3);
    click(&browser, ".shot:nth-child(2) [value=right]").await;
    assert_eq!(texts(".judge [aria-pressed=true]").await, ["Right"]);
    browser.client.clone().close().await.unwrap();

    for (name, window) in [
        ("history-phone-light", PHONE),
        ("history-phone-dark", Window { dark: true, ..PHONE }),
        ("history-wide-dark", Window { dark: true, ..WIDE }),
    ] {
        let browser = history(&server, window).await;
        let fits = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert!(browser.run(fits).await.as_bool().unwrap(), "{name} is wider than its window");
        browser.screenshot(name).await;
        browser.assert_no_errors().await;
        browser.client.clone().close().await.unwrap();
    }
}
