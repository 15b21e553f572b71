//! Unsaved work outlives the page, the tab and the browser.

use std::path::Path;
use std::process::Command;

use crate::browser::{Browser, WIDE};
use crate::editor::page::{assert_same, choose, draw, mask, open, predict, ready, wait_for_state};
use crate::support::{Server, wall};

const KEPT: &str = "Not saved yet; kept in this browser";
const OFFERED: &str = "return document.querySelector('[data-banner]:not([hidden]) [data-draft=adopt]') !== null";

/// Kills all processes of the browser that uses `profile`, as a power cut would.
fn kill_browser(profile: &Path) {
    let wanted = format!("--user-data-dir={}", profile.display());
    let mut killed = 0;
    for entry in fs_err::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let words = fs_err::read(entry.path().join("cmdline")).unwrap_or_default();
        if words.split(|&byte| byte == 0).any(|word| word == wanted.as_bytes()) {
            killed += u32::from(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
        }
    }
    assert!(killed > 0, "no process had {wanted}");
}

async fn adopt(browser: &Browser) {
    browser.wait_for(OFFERED).await;
    browser.run("document.querySelector('[data-draft=adopt]').click()").await;
    wait_for_state(browser, KEPT).await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_draft_survives_the_killing_of_the_browser() {
    let server = Server::start();
    let profile = tempfile::tempdir().unwrap();
    let id = predict(&server, &wall(480, 320));
    let first = Browser::with_profile(WIDE, Some(profile.path())).await;
    open(&first, &server, &id).await;
    let before = mask(&first).await;
    choose(&first, "brush", 14).await;
    draw(&first, &[[60.0, 40.0], [200.0, 60.0]]).await;
    draw(&first, &[[300.0, 250.0], [380.0, 280.0]]).await;
    wait_for_state(&first, KEPT).await;
    let work = mask(&first).await;
    assert!(work != before);
    kill_browser(profile.path());
    drop(first);

    let second = Browser::with_profile(WIDE, Some(profile.path())).await;
    open(&second, &server, &id).await;
    assert_same(&mask(&second).await, &before, "nothing is put in place unasked");
    adopt(&second).await;
    assert_same(&mask(&second).await, &work, "after the kill");

    second.client.refresh().await.unwrap();
    ready(&second).await;
    adopt(&second).await;
    assert_same(&mask(&second).await, &work, "after a reload");
    super::page::press(&second, "save").await;
    wait_for_state(&second, "Saved as version 1").await;
    let none =
        "return document.querySelector('mask-editor').session.drafts.left().then((drafts) => drafts.length === 0)";
    second.wait_for(none).await;
    second.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_draft_of_an_older_version_meets_the_newer_one_when_it_is_saved() {
    let server = Server::start();
    let profile = tempfile::tempdir().unwrap();
    let id = predict(&server, &wall(480, 320));
    let browser = Browser::with_profile(WIDE, Some(profile.path())).await;
    open(&browser, &server, &id).await;
    choose(&browser, "brush", 14).await;
    draw(&browser, &[[60.0, 40.0], [200.0, 60.0]]).await;
    wait_for_state(&browser, KEPT).await;
    let work = mask(&browser).await;
    let image = super::page::image(&browser).await;
    let mask_png = server.get(&format!("/api/v1/predictions/{id}/mask.png")).body;
    let posted = crate::support::Request::new("POST", &format!("/api/v1/images/{image}/labels"))
        .header("Content-Type", "image/png")
        .header("If-Match", "\"0\"")
        .body(mask_png)
        .send(&server);
    assert_eq!(posted.status, 201, "{}", posted.text());

    browser.client.refresh().await.unwrap();
    ready(&browser).await;
    adopt(&browser).await;
    assert_same(&mask(&browser).await, &work, "the work as it was");
    super::page::press(&browser, "save").await;
    browser.wait_for("return document.querySelector('[data-conflict]').open").await;
    browser.run("document.querySelector('[data-conflict] [value=mine]').click()").await;
    wait_for_state(&browser, "Saved as version 2").await;
    assert_same(&super::page::served(&server, &format!("/api/v1/images/{image}/labels/2.png")), &work, "the label");
    browser.client.clone().close().await.unwrap();
}
