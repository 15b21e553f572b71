//! What people are asked to look at: labels in quarantine, and photographs to label next.

use std::time::{Duration, Instant};

use fantoccini::Locator;
use hairline::synth::{SceneParams, SyntheticPhoto, render};
use image::{DynamicImage, GrayImage, ImageFormat};
use serde_json::{Value, json};

use crate::browser::{Browser, WIDE, WINDOWS};
use crate::support::{Part, Request, Server, encode};

fn scene(seed: u64) -> SyntheticPhoto {
    let scene =
        render(&SceneParams { cracks: Some(1..=2), distractors: Some(false), ..SceneParams::new(seed, 320, 240) });
    assert!(scene.mask.pixels().filter(|p| p.0[0] > 0).count() > 100, "seed {seed} shows no crack");
    scene
}

/// Drawn photographs whose true masks pass.
const SEEDS: [u64; 4] = [100, 101, 102, 103];

fn png(photo: &SyntheticPhoto) -> Vec<u8> {
    encode(&DynamicImage::ImageRgb8(photo.image.clone()), ImageFormat::Png)
}

fn mask(mask: &GrayImage) -> Vec<u8> {
    encode(&DynamicImage::ImageLuma8(mask.clone()), ImageFormat::Png)
}

fn save(server: &Server, photo: &[u8], mask: Option<&[u8]>) -> String {
    let mut form = vec![Part::file("file", "wall.png", photo)];
    form.extend(mask.map(|mask| Part::file("mask", "mask.png", mask)));
    let answer = Request::new("POST", "/save-for-retrain").form(&form).send(server);
    assert_eq!(answer.status, 200, "{}", answer.text());
    hairline::digest::sha256_hex(photo)
}

/// The quarantine once everything was looked at.
fn quarantine(server: &Server) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let answer = server.get("/api/v1/quarantine").json();
        if answer["unchecked"] == 0 {
            return answer["labels"].as_array().unwrap().clone();
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{answer}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn codes(label: &Value) -> Vec<&str> {
    label["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

fn summary(server: &Server) -> String {
    server.get("/api/v1/review").json()["counts"]["summary"].as_str().unwrap().to_owned()
}

/// Waits until the queue has this many items.
fn queue(server: &Server, count: usize) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let items = server.get("/api/v1/review").json()["items"].as_array().unwrap().clone();
        if items.len() == count {
            return items;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{items:?}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until `seen` holds: what changes a label or verdict is answered before the queue has caught up.
fn eventually(server: &Server, what: &str, seen: impl Fn() -> bool) {
    let started = Instant::now();
    while !seen() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: {:?}", server.get("/api/v1/review").json());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn post(server: &Server, path: &str) -> crate::support::Answer {
    Request::new("POST", path).send(server)
}

#[test]
fn a_label_waits_in_quarantine_until_a_person_decides() {
    let server = Server::start();
    let [first, second, third, _] = SEEDS.map(scene);
    save(&server, &png(&first), Some(&mask(&first.mask)));
    let empty = save(&server, &png(&second), Some(&mask(&GrayImage::new(320, 240))));
    let full = save(&server, &png(&third), Some(&mask(&GrayImage::from_pixel(320, 240, image::Luma([255])))));
    let kept = quarantine(&server);
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!((&kept[0]["image_sha256"], codes(&kept[0])), (&json!(empty), vec!["empty_mask"]));
    assert_eq!((&kept[1]["image_sha256"], codes(&kept[1])), (&json!(full), vec!["overfull_mask"]));
    assert_eq!(kept[1]["reasons"][0]["limit"], 0.4);
    assert!(kept[1]["reasons"][0]["detail"].as_str().unwrap().contains("100 %"));
    assert_eq!(summary(&server), "1 of 10 labelled, 0 wait for a mask");

    let at = |sha256: &str, what: &str| format!("/api/v1/images/{sha256}/labels/1/{what}");
    assert_eq!(post(&server, &at(&empty, "accept")).json()["state"], "accepted");
    assert_eq!(post(&server, &at(&full, "reject")).json()["state"], "rejected");
    assert_eq!(quarantine(&server).len(), 0);
    eventually(&server, "a rejected label waits for another", || {
        let asked = queue(&server, 1);
        (&asked[0]["image_sha256"], &asked[0]["waiting"]) == (&json!(full), &json!(true))
            && summary(&server) == "2 of 10 labelled, 1 waits for a mask"
    });
    post(&server, "/api/v1/images/ab/labels/1/accept").problem(404, "not_found");
    post(&server, &format!("/api/v1/images/{full}/labels/9/reject")).problem(404, "not_found");

    // The decision names who made it, and survives.
    let server = Server::with(Default::default(), server.kill());
    assert_eq!(summary(&server), "2 of 10 labelled, 1 waits for a mask");
    assert_eq!(server.get("/api/v1/quarantine?limit=0").problem(400, "invalid_parameter")["limit"]["max"], 100);
}

#[test]
fn copies_and_photographs_that_judge_models_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let [known, judge, _, _] = SEEDS.map(scene);
    fs_err::create_dir_all(folder.path().join("deepcrack/images")).unwrap();
    fs_err::write(folder.path().join("deepcrack/images/7.png"), png(&judge)).unwrap();
    let data = folder.path().join("deepcrack").display().to_string();
    let server = Server::with_settings(&[("review.evaluation_data", &data)]);
    let original = save(&server, &png(&known), Some(&mask(&known.mask)));
    assert_eq!(quarantine(&server).len(), 0);
    let jpeg = |photo: &SyntheticPhoto| encode(&DynamicImage::ImageRgb8(photo.image.clone()), ImageFormat::Jpeg);
    save(&server, &jpeg(&known), Some(&mask(&known.mask)));
    save(&server, &jpeg(&judge), Some(&mask(&judge.mask)));
    let kept = quarantine(&server);
    let mut found: Vec<(Vec<&str>, &Value)> =
        kept.iter().map(|label| (codes(label), &label["reasons"][0]["of"])).collect();
    found.sort_by_key(|(codes, _)| codes.clone());
    assert_eq!(
        found,
        [(vec!["near_duplicate"], &json!(original)), (vec!["near_evaluation_image"], &json!("deepcrack/7.png"))]
    );
}

#[test]
fn labels_of_two_people_must_agree_and_wrong_sizes_cannot_be_accepted() {
    let server = Server::start();
    let photo = scene(SEEDS[0]);
    let sha256 = hairline::digest::sha256_hex(png(&photo));
    let import = |mask: &[u8], actor: &str| {
        let zip = server.folder.path().join("labels.zip");
        let mut writer = zip::ZipWriter::new(fs_err::File::create(&zip).unwrap());
        for (name, content) in [("images/a.png", png(&photo).as_slice()), ("masks/a.png", mask)] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut writer, content).unwrap();
        }
        writer.finish().unwrap();
        let mut command = std::process::Command::new(crate::support::BINARY);
        let output =
            command.args(["labels", "import", "labels.zip", "--actor", actor]).current_dir(server.folder.path());
        let output = output.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    import(&mask(&photo.mask), "ann");
    assert_eq!(quarantine(&server).len(), 0);
    let other = image::imageops::flip_vertical(&photo.mask);
    import(&mask(&other), "ann");
    assert!(!codes(&quarantine(&server)[0]).contains(&"conflict"), "whoever changes an own label contradicts nobody");
    import(&mask(&image::imageops::flip_horizontal(&photo.mask)), "ben");
    let kept = quarantine(&server);
    assert!(codes(&kept[0]).contains(&"conflict"), "{kept:?}");
    let conflict = kept[0]["reasons"].as_array().unwrap().iter().find(|reason| reason["code"] == "conflict").unwrap();
    assert_eq!((&conflict["version"], &conflict["actor"]), (&json!(2), &json!("ann")));

    import(&mask(&GrayImage::from_pixel(9, 9, image::Luma([255]))), "ben");
    let kept = quarantine(&server);
    assert_eq!((codes(&kept[0]), &kept[0]["can_be_accepted"]), (vec!["wrong_size"], &json!(false)));
    let version = kept[0]["version"].as_i64().unwrap();
    post(&server, &format!("/api/v1/images/{sha256}/labels/{version}/accept")).problem(409, "cannot_overrule");
    assert_eq!(quarantine(&server).len(), 1);
}

#[test]
fn photographs_are_asked_by_what_a_label_would_teach() {
    let server = Server::start();
    let [first, second, third, labelled] = SEEDS.map(scene);
    let predict = |photo: &SyntheticPhoto| {
        server.post_file("/predict?mask=none", "wall.png", &png(photo)).json()["id"].as_str().unwrap().to_owned()
    };
    let ids = [&first, &second].map(predict);
    save(&server, &png(&third), None);
    let items = queue(&server, 3);
    let benefit = |item: &Value| item["benefit"].as_f64().unwrap();
    assert_eq!((&items[0]["waiting"], &items[0]["prediction_id"]), (&json!(true), &Value::Null));
    assert!(items[0]["reason"].as_str().unwrap().contains("without a mask"), "{}", items[0]);
    assert!(benefit(&items[1]) >= benefit(&items[2]), "{items:?}");
    assert!(items[1]["reason"].as_str().unwrap().contains("no photograph has a label yet"), "{}", items[1]);
    let total: f64 = items[1..].iter().map(benefit).sum();

    // Novelty sinks once there is a label; pages follow on each other.
    save(&server, &png(&labelled), Some(&mask(&labelled.mask)));
    assert_eq!(quarantine(&server).len(), 0);
    let started = Instant::now();
    while queue(&server, 3)[1..].iter().map(benefit).sum::<f64>() >= total {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", queue(&server, 3));
    }
    let page = server.get("/api/v1/review?limit=2").json();
    let rest = server.get(&format!("/api/v1/review?limit=2&cursor={}", page["next"].as_str().unwrap())).json();
    let shown = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|item| item["image_sha256"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        [shown(&page), shown(&rest)].concat(),
        queue(&server, 3).iter().map(|item| item["image_sha256"].clone()).collect::<Vec<_>>()
    );
    assert_eq!(rest.get("next"), None);
    server.get("/api/v1/review?cursor=x").problem(400, "invalid_parameter");

    // Right never counts, nothing does; both are answered.
    let say = |id: &str, verdict: &str| {
        let body = json!({ "verdict": verdict }).to_string().into_bytes();
        let request = Request::new("PUT", &format!("/api/v1/predictions/{id}/verdict"))
            .header("Content-Type", "application/json");
        assert_eq!(request.body(body).send(&server).status, 200);
    };
    say(&ids[0], "right");
    queue(&server, 2);
    assert_eq!(summary(&server), "1 of 10 labelled, 1 waits for a mask");
    say(&ids[1], "nothing");
    assert_eq!(quarantine(&server).len(), 0, "somebody said that there is nothing");
    queue(&server, 1);
    assert_eq!(summary(&server), "2 of 10 labelled, 1 waits for a mask");
    say(&ids[1], "wrong");
    eventually(&server, "what was called wrong is asked again", || {
        queue(&server, 2).iter().any(|item| item["reason"].as_str().unwrap().contains("Somebody said"))
    });
}

/// Photographs that wait, labels in quarantine and labels that may train.
fn prepared() -> Server {
    let server = Server::start();
    let [first, second, third, fourth] = SEEDS.map(scene);
    save(&server, &png(&first), Some(&mask(&first.mask)));
    save(&server, &png(&second), Some(&mask(&image::imageops::flip_horizontal(&second.mask))));
    for photo in [&third, &scene(104)] {
        assert_eq!(server.post_file("/predict?mask=none", "pier 3.png", &png(photo)).status, 200);
    }
    save(&server, &png(&fourth), None);
    quarantine(&server);
    queue(&server, 3);
    server
}

async fn press(browser: &Browser, key: &str) {
    browser.client.find(Locator::Css("body")).await.unwrap().send_keys(key).await.unwrap();
}

fn shown(other_than: &str) -> String {
    format!(
        "const shown = document.querySelector('[data-flow]').dataset.shown; return shown && shown !== '{other_than}' ? shown : false"
    )
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_queue_is_worked_off_by_keyboard() {
    let server = prepared();
    let browser = Browser::open(WIDE).await;
    browser.client.goto(&format!("{}/review", server.url)).await.unwrap();
    let first = browser.wait_for(&shown("")).await.as_str().unwrap().to_owned();
    let masked = "return getComputedStyle(document.querySelector('[data-marks]')).maskImage";
    assert!(browser.run(masked).await.as_str().unwrap().contains("mask.png"));
    press(&browser, "?").await;
    browser.wait_for("return document.querySelector('dialog').open").await;
    browser.run("document.querySelector('dialog').close()").await;
    press(&browser, "n").await;
    let second = browser.wait_for(&shown(&first)).await.as_str().unwrap().to_owned();
    press(&browser, "p").await;
    browser.wait_for(&shown(&second)).await;
    press(&browser, "0").await;
    browser.wait_for(&shown(&first)).await;
    press(&browser, "r").await;
    let third = browser.wait_for(&shown(&second)).await.as_str().unwrap().to_owned();
    assert_ne!(third, first);
    quarantine(&server);
    browser.wait_for("return document.querySelector('[data-counts]').textContent.endsWith('0 wait for a mask')").await;
    press(&browser, "w").await;
    browser.wait_for("return location.pathname.endsWith('/edit')").await;
    let items = server.get("/api/v1/review").json()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["image_sha256"], third.as_str());

    browser.client.goto(&format!("{}/review", server.url)).await.unwrap();
    browser.client.find(Locator::Css(".quarantine form[action$=accept] button")).await.unwrap().click().await.unwrap();
    browser.wait_for("return document.readyState === 'complete' && !document.querySelector('.quarantine > li')").await;
    assert_eq!(quarantine(&server).len(), 0);
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_review_page_fits_every_window() {
    let server = prepared();
    for (name, window) in WINDOWS {
        let browser = Browser::open(window).await;
        browser.client.goto(&format!("{}/review", server.url)).await.unwrap();
        browser.wait_for(&shown("")).await;
        browser.wait_for("return [...document.images].every((image) => image.complete)").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let overflow =
            browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert!(overflow.as_i64().unwrap() <= 0, "{name} is wider than its window by {overflow} px");
        browser.screenshot(&format!("review-{name}")).await;
        browser.assert_no_errors().await;
    }
}
