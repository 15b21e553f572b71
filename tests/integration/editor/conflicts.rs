//! Two tabs edit one photograph: whatever one answers, nobody's work is lost.

use crate::browser::{Browser, WIDE, settle};
use crate::editor::page::{
    Mask, assert_same, both, choose, draw, image, mask, open, predict, press, served, stroke, versions, wait_for_state,
};
use crate::support::{Server, wall_numbered};

/// Two tabs in which different work was done; the first has saved, the second was told and has not answered.
struct Collision {
    server: Server,
    browser: Browser,
    image: String,
    predicted: Mask,
    first: Mask,
    second: Mask,
}

impl Collision {
    async fn new(number: u32) -> Self {
        let server = Server::start();
        let id = predict(&server, &wall_numbered(480, 320, number));
        let browser = Browser::open(WIDE).await;
        open(&browser, &server, &id).await;
        let predicted = mask(&browser).await;
        let one = browser.client.window().await.unwrap();
        let two = browser.client.new_window(true).await.unwrap().handle;
        browser.client.switch_to_window(two.clone()).await.unwrap();
        open(&browser, &server, &id).await;
        choose(&browser, "brush", 10).await;
        let line = draw(&browser, &[[260.0, 40.0], [420.0, 60.0]]).await;
        let second = both(&predicted, &stroke(&line, 10.0, 480, 320));

        browser.client.switch_to_window(one).await.unwrap();
        choose(&browser, "brush", 10).await;
        let line = draw(&browser, &[[40.0, 250.0], [180.0, 290.0]]).await;
        let first = both(&predicted, &stroke(&line, 10.0, 480, 320));
        press(&browser, "save").await;
        wait_for_state(&browser, "Saved as version 1").await;
        let image = image(&browser).await;

        browser.client.switch_to_window(two).await.unwrap();
        press(&browser, "save").await;
        browser.wait_for("return document.querySelector('[data-conflict]').open").await;
        settle(&browser).await;
        browser.screenshot("editor-conflict").await;
        assert_same(&mask(&browser).await, &second, "the second tab's work stays in it");
        Self { server, browser, image, predicted, first, second }
    }

    async fn answer(&self, value: &str) {
        self.browser.run(&format!("document.querySelector('[data-conflict] [value={value}]').click()")).await;
    }

    fn label(&self, version: u32) -> Mask {
        served(&self.server, &format!("/api/v1/images/{}/labels/{version}.png", self.image))
    }

    async fn end(self) {
        assert_same(&self.label(1), &self.first, "version 1 is the first tab's");
        self.browser.client.clone().close().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn mine_is_saved_on_top_and_theirs_stays() {
    let tabs = Collision::new(1).await;
    tabs.answer("mine").await;
    wait_for_state(&tabs.browser, "Saved as version 2").await;
    assert_same(&tabs.label(2), &tabs.second, "version 2 is the second tab's");
    assert_eq!(versions(&tabs.server, &tabs.image).len(), 2);
    tabs.end().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn merged_both_are_in_one_version() {
    let tabs = Collision::new(2).await;
    tabs.answer("merge").await;
    wait_for_state(&tabs.browser, "Not saved yet; kept in this browser").await;
    let merged = both(&tabs.first, &tabs.second);
    assert_same(&mask(&tabs.browser).await, &merged, "merged, to be looked at");
    assert!(merged != tabs.first && merged != tabs.second && merged != tabs.predicted);
    press(&tabs.browser, "save").await;
    wait_for_state(&tabs.browser, "Saved as version 2").await;
    assert_same(&tabs.label(2), &merged, "version 2");
    tabs.end().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn theirs_is_taken_and_undo_brings_mine_back() {
    let tabs = Collision::new(3).await;
    tabs.answer("theirs").await;
    wait_for_state(&tabs.browser, "As version 1").await;
    assert_same(&mask(&tabs.browser).await, &tabs.first, "theirs");
    press(&tabs.browser, "undo").await;
    assert_same(&mask(&tabs.browser).await, &tabs.second, "mine again");
    press(&tabs.browser, "save").await;
    wait_for_state(&tabs.browser, "Saved as version 2").await;
    assert_same(&tabs.label(2), &tabs.second, "version 2 is the second tab's");
    tabs.end().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn not_now_keeps_the_draft() {
    let tabs = Collision::new(4).await;
    tabs.answer("later").await;
    wait_for_state(&tabs.browser, "Not saved yet; kept in this browser").await;
    assert_same(&mask(&tabs.browser).await, &tabs.second, "the second tab's");
    assert_eq!(versions(&tabs.server, &tabs.image).len(), 1);
    tabs.end().await;
}
