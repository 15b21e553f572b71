//! From a photograph to a saved label, and back.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;

use crate::browser::{Browser, READY, WIDE, photo, settle};
use crate::editor::page::{
    assert_same, both, choose, click, draw, image, mask, open, predict, press, ready, served, stroke, traced, versions,
    wait_for_state,
};
use crate::support::{Request, Server, wall};

/// Size of the photograph in pixels.
const SIZE: (usize, usize) = (480, 320);

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn paint_trace_undo_save_and_find_it_to_the_pixel() {
    let server = Server::start();
    let browser = Browser::open(WIDE).await;
    browser.client.goto(&server.url).await.unwrap();
    browser.upload(&photo(server.folder.path())).await;
    browser.wait_for(READY).await;
    let id = browser.run("return document.querySelector('[data-prediction]').dataset.prediction").await;
    let id = id.as_str().unwrap().to_owned();
    browser.run("document.querySelector('[data-prediction] button[value=wrong]').click()").await;
    ready(&browser).await;
    let predicted = served(&server, &format!("/api/v1/predictions/{id}/mask.png"));
    assert_same(&mask(&browser).await, &predicted, "it begins with the predicted mask");

    choose(&browser, "brush", 12).await;
    let line = draw(&browser, &[[300.0, 40.0], [360.0, 60.0], [420.0, 50.0]]).await;
    let painted = both(&predicted, &stroke(&line, 12.0, SIZE.0, SIZE.1));
    assert_same(&mask(&browser).await, &painted, "the brush covers what lies within its radius");

    choose(&browser, "eraser", 30).await;
    let line = draw(&browser, &[[30.0, 106.0], [210.0, 169.0]]).await;
    let wiped = stroke(&line, 30.0, SIZE.0, SIZE.1);
    let expected: Vec<bool> = painted.iter().zip(wiped).map(|(painted, wiped)| *painted && !wiped).collect();
    assert_same(&mask(&browser).await, &expected, "the eraser takes away what lies within its radius");
    assert!(expected != painted, "there was something to wipe away");

    choose(&browser, "trace", 12).await;
    click(&browser, &[[60.0, 117.0], [180.0, 159.0]]).await;
    traced(&browser).await;
    let with_trace = mask(&browser).await;
    assert!(with_trace != expected, "the trace marks something");
    press(&browser, "undo").await;
    traced(&browser).await;
    assert_same(&mask(&browser).await, &expected, "undo takes the trace back");
    press(&browser, "redo").await;
    assert_same(&mask(&browser).await, &with_trace, "redo brings it again");
    press(&browser, "finish").await;
    press(&browser, "undo").await;
    press(&browser, "save").await;
    wait_for_state(&browser, "Saved as version 1").await;

    let image = image(&browser).await;
    assert_same(&served(&server, &format!("/api/v1/images/{image}/labels/1.png")), &expected, "the label");
    let saved = versions(&server, &image);
    assert_eq!(saved.len(), 1);
    assert_eq!(saved[0]["crack_pixels"], expected.iter().filter(|&&crack| crack).count());
    assert!(saved[0]["tool"].as_str().unwrap().contains("brush"), "{}", saved[0]);
    let verdict = &server.get(&format!("/api/v1/predictions/{id}")).json()["verdict"];
    assert!(verdict.to_string().contains("wrong"), "who corrects says that it was wrong: {verdict}");

    browser.client.refresh().await.unwrap();
    ready(&browser).await;
    assert_same(&mask(&browser).await, &expected, "it begins with the saved label");
    browser.assert_no_errors().await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn without_the_probability_map_traces_follow_the_photograph() {
    let server = Server::start();
    let browser = Browser::open(WIDE).await;
    let id = predict(&server, &wall(480, 320));
    for entry in fs_err::read_dir(server.folder.path().join("feedback/recent")).unwrap() {
        fs_err::remove_file(entry.unwrap().path()).unwrap();
    }
    assert_eq!(server.get(&format!("/api/v1/predictions/{id}/probabilities.u16")).status, 404);
    open(&browser, &server, &id).await;
    browser.run("const { mask } = document.querySelector('mask-editor'); mask.replace('nothing', new Uint8Array(mask.data.length))").await;
    choose(&browser, "trace", 12).await;
    let on_line = |x: f64| [x, 320.0 * 0.3 + 0.35 * x + 0.5];
    click(&browser, &[on_line(60.0), on_line(400.0)]).await;
    traced(&browser).await;
    let found = mask(&browser).await;
    let truth = |x: usize, y: usize| (60..400).contains(&x) && (y as f64 - 96.0 - x as f64 * 0.35).abs() < 2.2;
    let (mut shared, mut either) = (0, 0);
    for (i, &found) in found.iter().enumerate() {
        let truth = truth(i % SIZE.0, i / SIZE.0);
        shared += u32::from(found && truth);
        either += u32::from(found || truth);
    }
    let iou = f64::from(shared) / f64::from(either);
    assert!(iou > 0.7, "the line of 4 px is met with IoU {iou:.2}");
    browser.client.clone().close().await.unwrap();
}

#[test]
fn the_page_names_the_photograph_and_unknown_ones_have_none() {
    let server = Server::start();
    let photo = wall(64, 48);
    let id = predict(&server, &photo);
    let page = server.get(&format!("/predictions/{id}/edit"));
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains(&format!("data-image=\"{}\"", hairline::digest::sha256_hex(&photo))),
        "{}",
        page.text()
    );
    assert!(page.text().contains("data-width=\"64\" data-height=\"48\""));
    for id in ["01890000-0000-7000-8000-000000000000", "none"] {
        server.get(&format!("/predictions/{id}/edit")).problem(404, "not_found");
    }
    assert_eq!(Request::new("DELETE", &format!("/api/v1/predictions/{id}")).send(&server).status / 100, 2);
    server.get(&format!("/predictions/{id}/edit")).problem(404, "not_found");
}

/// Presses keys one after the other, `held` down all the while.
async fn keys(browser: &Browser, held: Option<Key>, pressed: &[char]) {
    let mut actions = KeyActions::new("keyboard".into());
    if let Some(key) = held {
        actions = actions.then(KeyAction::Down { value: key.into() });
    }
    for &value in pressed {
        actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
    }
    if let Some(key) = held {
        actions = actions.then(KeyAction::Up { value: key.into() });
    }
    browser.client.perform_actions(actions).await.unwrap();
    settle(browser).await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn keys_alone_correct_a_mask() {
    let server = Server::start();
    let browser = Browser::open(WIDE).await;
    let id = predict(&server, &wall(480, 320));
    open(&browser, &server, &id).await;
    let before = mask(&browser).await;
    choose(&browser, "hand", 21).await;
    let chosen = || async { browser.run("return document.querySelector('mask-editor').dataset.tool").await };
    for (key, tool) in [('e', "eraser"), ('t', "trace"), ('p', "polygon"), ('f', "fill"), ('h', "hand"), ('b', "brush")]
    {
        keys(&browser, None, &[key]).await;
        assert_eq!(chosen().await, tool);
    }
    // A cross begins in the middle and goes by steps; Enter paints there.
    keys(&browser, Some(Key::Shift), &[Key::Left.into(), Key::Right.into(), Key::Up.into()]).await;
    keys(&browser, None, &[Key::Enter.into()]).await;
    let at = browser
        .run(
            "const { view } = document.querySelector('mask-editor').surface;
        const { x, y } = view.photoPoint(view.width / 2, view.height / 2);
        return [x, y - Math.max(1, Math.min(view.width, view.height) / 50 / view.scale)]",
        )
        .await;
    let at: [f64; 2] = serde_json::from_value(at).unwrap();
    let dab = stroke(&[at, [at[0] + 1e-9, at[1]]], 21.0, SIZE.0, SIZE.1);
    assert_same(&mask(&browser).await, &both(&before, &dab), "Enter paints at the cross");
    keys(&browser, Some(Key::Control), &['z']).await;
    assert_same(&mask(&browser).await, &before, "Ctrl Z");
    keys(&browser, Some(Key::Control), &['y']).await;
    keys(&browser, None, &['?']).await;
    assert_eq!(browser.run("return document.querySelector('[data-sheet]').open").await, true);
    keys(&browser, None, &[Key::Escape.into()]).await;
    assert_eq!(browser.run("return document.querySelector('[data-sheet]').open").await, false);
    keys(&browser, Some(Key::Control), &['s']).await;
    wait_for_state(&browser, "Saved as version 1").await;
    browser.assert_no_errors().await;
    browser.client.clone().close().await.unwrap();
}
