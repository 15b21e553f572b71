//! Whatever is sent, the answer is a typed refusal that states the limit.

use serde_json::Value;

use crate::support::{Answer, Part, Request, Server, wall};

/// Routes that take a photograph.
const ROUTES: [&str; 2] = ["/predict", "/save-for-retrain"];

#[track_caller]
fn has_limit(problem: &Value) {
    assert!(problem["limit"].is_object() && problem["field"].is_string(), "{problem}");
}

fn huge_png_header() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 60_000, 60_000);
    encoder.set_color(png::ColorType::Rgb);
    drop(encoder.write_header().unwrap());
    bytes
}

fn jpeg() -> Vec<u8> {
    crate::support::encode(&image::load_from_memory(&wall(200, 150)).unwrap(), image::ImageFormat::Jpeg)
}

#[test]
fn every_bad_upload_is_refused_with_its_code() {
    let server = Server::start();
    let jpeg = jpeg();
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("empty file", Vec::new(), 400, "empty_file"),
        ("text named .jpg", b"this is not a photograph".to_vec(), 415, "unsupported_format"),
        ("truncated JPEG", jpeg[..jpeg.len() / 2].to_vec(), 422, "truncated_image"),
        ("huge header", huge_png_header(), 413, "too_many_pixels"),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), 415, "heif_not_supported"),
        (
            "damaged PNG",
            {
                let mut png = wall(64, 64);
                png.truncate(200);
                png
            },
            422,
            "truncated_image",
        ),
    ];
    for route in ROUTES {
        for (name, content, status, code) in &cases {
            let answer = server.post_file(route, "photo.jpg", content);
            println!("{route} {name}");
            has_limit(&answer.problem(*status, code));
        }
    }
    assert_eq!(server.get("/healthz").status, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn every_bad_request_is_refused_with_its_code() {
    let server = Server::start();
    let photo = wall(32, 32);
    let file = || Request::new("POST", "/predict").form(&[Part::file("file", "a.png", &photo)]);
    let at = |path: &str| Request::new("POST", path).form(&[Part::file("file", "a.png", &photo)]);
    let twice = [Part::file("file", "a.png", &photo), Part::file("file", "b.png", &photo)];
    let cases: Vec<(&str, Request, u16, &str)> = vec![
        ("empty body", Request::new("POST", "/predict"), 415, "expected_multipart"),
        ("empty form", Request::new("POST", "/predict").form(&[]), 400, "missing_field"),
        (
            "JSON",
            Request::new("POST", "/predict").header("Content-Type", "application/json").body(b"{}".to_vec()),
            415,
            "expected_multipart",
        ),
        (
            "no boundary",
            Request::new("POST", "/predict").header("Content-Type", "multipart/form-data").body(b"x".to_vec()),
            400,
            "malformed_form",
        ),
        (
            "wrong field",
            Request::new("POST", "/predict").form(&[Part::file("photo", "a.png", &photo)]),
            400,
            "unknown_field",
        ),
        ("two files", Request::new("POST", "/predict").form(&twice), 400, "too_many_files"),
        ("unknown query value", at("/predict?mask=gif"), 400, "invalid_parameter"),
        ("unknown query name", at("/predict?msk=png"), 400, "invalid_parameter"),
        ("query given twice", at("/predict?mask=png&mask=rows"), 400, "invalid_parameter"),
        ("threshold of 2", at("/predict?threshold=2"), 400, "invalid_parameter"),
        ("threshold of NaN", at("/predict?threshold=NaN"), 400, "invalid_parameter"),
        ("foreign Origin", file().header("Origin", "http://evil.example"), 403, "foreign_origin"),
        ("Origin null", file().header("Origin", "null"), 403, "foreign_origin"),
        ("foreign Host", file().header("Host", "evil.example"), 403, "foreign_host"),
        ("cross-site form", file().header("Sec-Fetch-Site", "cross-site"), 403, "foreign_origin"),
        (
            "long comment",
            Request::new("POST", "/save-for-retrain")
                .form(&[Part::file("file", "a.png", &photo), Part::text("comment", &"x".repeat(5_000))]),
            400,
            "invalid_field",
        ),
        (
            "mask of another size",
            Request::new("POST", "/save-for-retrain")
                .form(&[Part::file("file", "a.png", &photo), Part::file("mask", "m.png", &wall(32, 31))]),
            422,
            "mask_size_differs",
        ),
        (
            "JPEG as mask",
            Request::new("POST", "/save-for-retrain")
                .form(&[Part::file("file", "a.png", &photo), Part::file("mask", "m.jpg", &jpeg())]),
            415,
            "unsupported_mask_format",
        ),
        ("wrong method", Request::new("GET", "/predict"), 405, "method_not_allowed"),
    ];
    for (name, request, status, code) in cases {
        println!("{name}");
        has_limit_unless_method(&request.send(&server), status, code);
    }
    server.get("/nothing/here").problem(404, "not_found");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[track_caller]
fn has_limit_unless_method(answer: &Answer, status: u16, code: &str) {
    let problem = answer.problem(status, code);
    assert!(problem["limit"].is_object(), "{problem}");
    assert!(problem["field"].is_string() || code == "method_not_allowed", "{problem}");
}

#[test]
fn a_body_of_200_mb_is_refused_and_the_client_reads_why() {
    let server = Server::start();
    let before = resident_mb(&server);
    for route in ROUTES {
        let answer = server.post_file(route, "huge.jpg", &vec![0x41; 200_000_000]);
        let problem = answer.problem(413, "body_too_large");
        assert_eq!(problem["limit"]["max_bytes"], 100_000_000);
    }
    let grown = resident_mb(&server) - before;
    assert!(grown < 250.0, "{grown:.0} MB more are resident");
}

fn resident_mb(server: &Server) -> f64 {
    let text = server.get("/metrics").text();
    let line = text.lines().find(|line| line.starts_with("process_resident_memory_bytes")).unwrap();
    line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}
