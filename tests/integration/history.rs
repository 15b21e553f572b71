//! Predictions are kept, judged and corrected over HTTP.

use serde_json::{Value, json};

use crate::support::{Answer, Part, Request, Server, encode, wall, wall_numbered};

const SIZE: (u32, u32) = (96, 64);

/// A photograph that was predicted: id of the prediction and SHA-256 of the photograph.
fn predicted(server: &Server, name: &str, number: u32) -> (String, String) {
    let answer = server.post_file("/predict?mask=none", name, &wall_numbered(SIZE.0, SIZE.1, number));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let kept = server.get(&format!("/api/v1/predictions/{id}")).json();
    (id, kept["image_sha256"].as_str().unwrap().to_owned())
}

/// A label that is white where `on` says so.
fn label(on: impl Fn(u32, u32) -> bool) -> Vec<u8> {
    let picture = image::GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| image::Luma([if on(x, y) { 255 } else { 0 }]));
    encode(&picture.into(), image::ImageFormat::Png)
}

fn append(server: &Server, sha256: &str, base: &str, png: Vec<u8>) -> Answer {
    Request::new("POST", &format!("/api/v1/images/{sha256}/labels?tool=brush,trace"))
        .header("Content-Type", "image/png")
        .header("If-Match", base)
        .body(png)
        .send(server)
}

fn say(server: &Server, id: &str, body: &Value) -> Answer {
    Request::new("PUT", &format!("/api/v1/predictions/{id}/verdict"))
        .header("Content-Type", "application/json")
        .body(body.to_string().into_bytes())
        .send(server)
}

fn names(list: &Answer) -> Vec<String> {
    let names = list.json()["predictions"].as_array().unwrap().clone();
    names.iter().map(|one| one["file_name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn predictions_of_page_and_api_are_listed_with_pictures_and_survive_a_restart() {
    let server = Server::start();
    let (id, sha256) = predicted(&server, "pier one.png", 1);
    let page =
        Request::new("POST", "/predictions").form(&[Part::file("file", "wall.png", &wall(96, 64))]).send(&server);
    assert_eq!(page.status, 303);
    let other = page.location.rsplit('/').next().unwrap().to_owned();
    server.wait_for_metric("hairline_predictions_total{outcome=\"done\"} 2");
    assert_eq!(names(&server.get("/api/v1/predictions")), ["wall.png", "pier one.png"]);

    let server = Server::with(crate::support::ServerOptions::default(), server.kill());
    let list = server.get("/api/v1/predictions?limit=1");
    assert_eq!(names(&list), ["wall.png"]);
    assert_eq!(list.json()["predictions"][0]["id"], other.as_str());
    let next = list.json()["next"].as_str().unwrap().to_owned();
    let rest = server.get(&format!("/api/v1/predictions?limit=1&cursor={next}"));
    assert_eq!((names(&rest), rest.json().get("next")), (vec!["pier one.png".to_owned()], None));
    assert_eq!(
        names(&server.get("/api/v1/predictions?q=PIER&verdict=none&min_crack_ratio=0&from=2020-01-01")).len(),
        1
    );
    assert_eq!(names(&server.get("/api/v1/predictions?to=2020-01-01")).len(), 0);
    assert_eq!(names(&server.get("/api/v1/predictions?model=another")).len(), 0);

    let kept = rest.json()["predictions"][0].clone();
    assert_eq!(kept["image_sha256"], sha256.as_str());
    assert!((0.0..=1.0).contains(&kept["uncertainty"].as_f64().unwrap()) && kept["verdict"].is_null(), "{kept}");
    let photo = server.get(&format!("/api/v1/predictions/{id}/photo"));
    assert_eq!(photo.body, wall_numbered(96, 64, 1));
    for (name, size) in [("thumbnail.jpg", (96, 64)), ("thumbnail-mask.png", (96, 64)), ("mask.png", (96, 64))] {
        let picture = server.get(&format!("/api/v1/predictions/{id}/{name}"));
        let picture = image::load_from_memory(&picture.body).unwrap();
        assert_eq!((picture.width(), picture.height()), size, "{name}");
    }
}

#[test]
fn what_is_no_filter_is_named() {
    let server = Server::start();
    for (query, field) in [
        ("verdict=maybe", "query.verdict"),
        ("from=yesterday", "query.from"),
        ("to=2026-02-30", "query.to"),
        ("min_crack_ratio=2", "query.min_crack_ratio"),
        ("min_uncertainty=x", "query.min_uncertainty"),
        ("limit=0", "query.limit"),
        ("limit=1000", "query.limit"),
        ("cursor=here", "query.cursor"),
        ("colour=red", "query.colour"),
    ] {
        let problem = server.get(&format!("/api/v1/predictions?{query}")).problem(400, "invalid_parameter");
        assert_eq!(problem["field"], field);
    }
    let long = server.get(&format!("/api/v1/predictions?q={}", "x".repeat(201))).problem(400, "invalid_parameter");
    assert_eq!(long["limit"]["max_characters"], 200);
}

#[test]
fn deleting_is_undone_by_restoring() {
    let server = Server::start();
    let (id, _) = predicted(&server, "wall.png", 1);
    let path = format!("/api/v1/predictions/{id}");
    assert_eq!(Request::new("DELETE", &path).send(&server).status, 204);
    server.get(&path).problem(404, "not_found");
    server.get(&format!("{path}/thumbnail.jpg")).problem(404, "not_found");
    Request::new("DELETE", &path).send(&server).problem(404, "not_found");
    say(&server, &id, &json!({ "verdict": "right" })).problem(404, "not_found");
    assert!(names(&server.get("/api/v1/predictions")).is_empty());
    for _ in 0..2 {
        let restored = Request::new("POST", &format!("{path}/restore")).send(&server);
        assert_eq!((restored.status, restored.json()["id"].as_str()), (200, Some(id.as_str())));
    }
    assert_eq!(names(&server.get("/api/v1/predictions")), ["wall.png"]);
}

#[test]
fn a_label_is_read_back_to_the_pixel() {
    let server = Server::start();
    let (id, sha256) = predicted(&server, "wall.png", 1);
    let on = |x: u32, y: u32| (x * 7 + y * 13).is_multiple_of(5);
    let path = format!("/api/v1/images/{sha256}/labels?tool=polygon&prediction={id}");
    let made = Request::new("POST", &path)
        .header("Content-Type", "image/png")
        .header("If-Match", "\"0\"")
        .body(label(on))
        .send(&server);
    assert_eq!((made.status, made.etag.as_str()), (201, "\"1\""), "{}", made.text());
    let list = server.get(&format!("/api/v1/images/{sha256}/labels"));
    assert_eq!(list.etag, "\"1\"");
    let version = &list.json()["labels"][0];
    assert_eq!(version, &made.json());
    assert_eq!(
        (version["version"].as_i64(), &version["tool"], &version["actor"]),
        (Some(1), &json!("polygon"), &json!("local"))
    );
    let back = server.get(&format!("/api/v1/images/{sha256}/labels/1.png"));
    let back = image::load_from_memory(&back.body).unwrap().into_luma8();
    assert!(back.enumerate_pixels().all(|(x, y, pixel)| pixel.0 == [if on(x, y) { 255 } else { 0 }]));
    assert_eq!(
        back.pixels().filter(|pixel| pixel.0 == [255]).count() as i64,
        version["crack_pixels"].as_i64().unwrap()
    );
    assert_eq!(server.get(&format!("/api/v1/predictions/{id}")).json()["verdict"], "wrong");

    let restored = Request::new("POST", &format!("/api/v1/images/{sha256}/labels/1/restore")).send(&server);
    assert_eq!(
        (restored.status, restored.json()["version"].as_i64(), restored.json()["parent"].as_i64()),
        (201, Some(2), Some(1))
    );
    Request::new("POST", &format!("/api/v1/images/{sha256}/labels/7/restore")).send(&server).problem(404, "not_found");
    server.get(&format!("/api/v1/images/{sha256}/labels/7.png")).problem(404, "not_found");
    server.get("/api/v1/images/cafe/labels").problem(404, "not_found");
}

#[test]
fn two_who_edit_one_photograph_lose_nothing() {
    let server = Server::start();
    let (_, sha256) = predicted(&server, "wall.png", 1);
    let both: Vec<Answer> = std::thread::scope(|scope| {
        let save = |column: u32| {
            let (server, sha256) = (&server, &sha256);
            scope.spawn(move || append(server, sha256, "\"0\"", label(|x, _| x == column)))
        };
        [save(1), save(2)].map(|thread| thread.join().unwrap()).into()
    });
    let mut statuses: Vec<u16> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412]);
    let (loser, refused) = both.iter().enumerate().find(|(_, answer)| answer.status == 412).unwrap();
    let problem = refused.problem(412, "label_conflict");
    assert_eq!((problem["limit"]["current"].as_i64(), &problem["field"]), (Some(1), &json!("header.If-Match")));
    let column = [1, 2][loser];
    assert_eq!(append(&server, &sha256, "\"1\"", label(|x, _| x == column)).status, 201, "saved again on top");
    for (version, column) in [(1, [2, 1][loser]), (2, column)] {
        let back = server.get(&format!("/api/v1/images/{sha256}/labels/{version}.png"));
        let back = image::load_from_memory(&back.body).unwrap().into_luma8();
        assert!(back.enumerate_pixels().all(|(x, _, pixel)| (pixel.0 == [255]) == (x == column)), "version {version}");
    }
}

#[test]
fn what_is_no_label_is_refused_and_named() {
    let server = Server::start();
    let (_, sha256) = predicted(&server, "wall.png", 1);
    let path = format!("/api/v1/images/{sha256}/labels");
    let post = |path: &str, content_type: &str| {
        Request::new("POST", path).header("Content-Type", content_type).body(label(|_, _| true))
    };
    post(&path, "image/png").send(&server).problem(428, "if_match_required");
    for wrong in ["1", "*", "\"x\"", "\"-1\""] {
        let refused = post(&path, "image/png").header("If-Match", wrong).send(&server).problem(400, "invalid_header");
        assert_eq!(refused["field"], "header.If-Match");
    }
    let jpeg = encode(&image::DynamicImage::new_luma8(SIZE.0, SIZE.1), image::ImageFormat::Jpeg);
    append(&server, &sha256, "\"0\"", jpeg).problem(415, "unsupported_mask_format");
    post(&path, "image/jpeg").header("If-Match", "\"0\"").send(&server).problem(415, "unsupported_mask_format");
    let small = encode(&image::DynamicImage::new_luma8(64, 96), image::ImageFormat::Png);
    let problem = append(&server, &sha256, "\"0\"", small).problem(422, "mask_size_differs");
    assert_eq!(problem["limit"], json!({ "width": 96, "height": 64 }));
    append(&server, &sha256, "\"0\"", b"no picture".to_vec()).problem(415, "unsupported_mask_format");
    append(&server, &sha256, "\"0\"", Vec::new()).problem(400, "empty_file");
    append(&server, "cafe", "\"0\"", label(|_, _| true)).problem(404, "not_found");
    let unknown = format!("{path}?prediction={}", uuid::Uuid::now_v7());
    post(&unknown, "image/png").header("If-Match", "\"0\"").send(&server).problem(404, "not_found");
    let tool = format!("{path}?tool=%3Cb%3E");
    post(&tool, "image/png").header("If-Match", "\"0\"").send(&server).problem(400, "invalid_parameter");
    assert_eq!(server.get(&path).json()["labels"].as_array().unwrap().len(), 0);
}

#[test]
fn a_request_that_is_sent_again_is_done_once() {
    let server = Server::start();
    let (_, sha256) = predicted(&server, "wall.png", 1);
    let path = format!("/api/v1/images/{sha256}/labels");
    let send = |key: &str, column: u32| {
        Request::new("POST", &path)
            .header("Content-Type", "image/png")
            .header("If-Match", "\"0\"")
            .header("Idempotency-Key", key)
            .body(label(|x, _| x == column))
            .send(&server)
    };
    let first = send("save-1", 3);
    let again = send("save-1", 3);
    assert_eq!((first.status, first.json()), (again.status, again.json()));
    send("save-1", 4).problem(422, "idempotency_key_reused");
    send("save-2", 3).problem(412, "label_conflict");
    send("", 3).problem(400, "invalid_header");
    assert_eq!(server.get(&path).json()["labels"].as_array().unwrap().len(), 1);
}

#[test]
fn a_verdict_is_kept_and_nothing_is_an_empty_label() {
    let server = Server::start();
    let (id, sha256) = predicted(&server, "wall.png", 1);
    let labels = || server.get(&format!("/api/v1/images/{sha256}/labels")).json()["labels"].clone();
    let right = say(&server, &id, &json!({ "verdict": "right" }));
    assert_eq!(
        (right.status, &right.json()["verdict"], &right.json()["verdict_actor"]),
        (200, &json!("right"), &json!("local"))
    );
    assert_eq!(labels(), json!([]));
    assert_eq!(say(&server, &id, &json!({ "verdict": "nothing" })).status, 200);
    assert_eq!((&labels()[0]["crack_pixels"], &labels()[0]["tool"]), (&json!(0), &json!("nothing")));
    assert_eq!(names(&server.get("/api/v1/predictions?verdict=nothing")), ["wall.png"]);
    assert_eq!(say(&server, &id, &json!({ "verdict": "wrong" })).status, 200);
    assert!(labels()[0]["withdrawn_ms"].is_i64());
    for body in [json!({ "verdict": "maybe" }), json!({}), json!("right")] {
        let problem = say(&server, &id, &body).problem(400, "invalid_field");
        assert_eq!(problem["limit"]["allowed"], json!(["right", "wrong", "nothing"]));
    }
    say(&server, "17", &json!({ "verdict": "right" })).problem(404, "not_found");
}
