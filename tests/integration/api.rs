//! The JSON API keeps what old clients read and tells the rest.

use base64::Engine;
use image::ImageFormat;
use serde_json::json;

use crate::support::{Part, Request, Server, wall};

#[test]
fn ping_says_what_old_clients_compare() {
    let server = Server::start();
    let answer = server.get("/ping").json();
    assert_eq!(answer["status"], "ok");
    assert_eq!(answer["message"], "API is alive!");
    assert_eq!(server.get("/healthz").json()["status"], "ok");
    assert_eq!(server.get("/readyz").json()["status"], "ok");
}

#[test]
fn predict_answers_rows_png_or_neither_of_the_same_mask() {
    let server = Server::start();
    let photo = wall(160, 96);
    let rows = server.post_file("/predict", "wall.png", &photo).json();
    assert_eq!(rows["status"], "success");
    assert_eq!(rows["shape"], json!([96, 160]));
    let prediction: Vec<Vec<u8>> = serde_json::from_value(rows["prediction"].clone()).unwrap();
    assert!(prediction.len() == 96 && prediction.iter().all(|row| row.len() == 160));
    let ones = prediction.iter().flatten().filter(|v| **v == 1).count();
    assert!(ones > 100, "the dark line is found: {ones} pixels");
    assert_eq!(rows["has_crack"], true);
    let ratio = rows["crack_ratio"].as_f64().unwrap();
    assert!((ratio - ones as f64 / (160.0 * 96.0)).abs() < 1e-9);
    for key in ["id", "model", "threshold"] {
        assert!(!rows[key].is_null(), "{key}");
    }
    for stage in ["queue", "decode", "network", "total"] {
        assert!(rows["timing_ms"][stage].as_f64().unwrap() >= 0.0, "{stage}");
    }

    let png = server.post_file("/predict?mask=png", "wall.png", &photo).json();
    assert!(png.get("prediction").is_none());
    let bytes = base64::engine::general_purpose::STANDARD.decode(png["mask_png"].as_str().unwrap()).unwrap();
    let mask = image::load_from_memory_with_format(&bytes, ImageFormat::Png).unwrap().into_luma8();
    let expected: Vec<u8> = prediction.iter().flatten().map(|v| v * 255).collect();
    assert_eq!(mask.as_raw(), &expected);

    let none = server.post_file("/predict?mask=none", "wall.png", &photo).json();
    assert!(none.get("prediction").is_none() && none.get("mask_png").is_none());
    assert_eq!(none["crack_ratio"], rows["crack_ratio"]);

    let strict = server.post_file("/predict?mask=none&threshold=0.95", "wall.png", &photo).json();
    assert!(strict["crack_ratio"].as_f64() < rows["crack_ratio"].as_f64());
}

#[test]
fn pictures_of_a_prediction_are_at_their_addresses() {
    let server = Server::start();
    let id =
        server.post_file("/predict?mask=none", "my wall.png", &wall(100, 60)).json()["id"].as_str().unwrap().to_owned();
    let base = format!("/api/v1/predictions/{id}");
    let record = server.get(&base).json();
    assert_eq!((record["width"].as_u64(), record["height"].as_u64()), (Some(100), Some(60)));
    assert_eq!(record["file_name"], "my wall.png");
    let raw = server.get(&format!("{base}/probabilities.u16")).body;
    let values: Vec<u16> = raw.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
    let load = |path: &str| image::load_from_memory(&server.get(path).body).unwrap();
    assert_eq!(load(&format!("{base}/probabilities.png")).into_luma16().as_raw(), &values);
    let mask = load(&format!("{base}/mask.png?threshold=0.3")).into_luma8();
    let level = (0.3f32 * 65535.0).round() as u16;
    assert!(mask.as_raw().iter().zip(&values).all(|(m, v)| (*m == 255) == (*v >= level)));
    let overlay = load(&format!("{base}/overlay.png?threshold=0.3&opacity=1&colour=0102ff")).into_rgb8();
    assert!(overlay.pixels().zip(mask.pixels()).all(|(o, m)| (o.0 == [1, 2, 255]) == (m.0[0] == 255)));
    assert_eq!(server.get(&format!("{base}/photo")).body, wall(100, 60));
    server.get(&format!("{base}/overlay.png?colour=red")).problem(400, "invalid_parameter");
    server.get("/api/v1/predictions/0/mask.png").problem(404, "not_found");
    server.get("/api/v1/predictions/01a209c9-d5a7-7687-9a91-fadd948e8e2a/mask.png").problem(404, "not_found");
}

#[test]
fn feedback_is_kept_by_content_and_never_by_name() {
    let server = Server::start();
    let photo = wall(64, 48);
    let mask = crate::support::encode(&image::DynamicImage::new_luma8(64, 48), ImageFormat::Png);
    let parts = [
        Part::file("file", "../../../etc/passwd.png", &photo),
        Part::file("mask", "m.png", &mask),
        Part::text("comment", "beside the door"),
    ];
    let answer = Request::new("POST", "/save-for-retrain").form(&parts).send(&server);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let saved = answer.json();
    assert_eq!(saved["status"], "success");
    let path = saved["path"].as_str().unwrap();
    assert!(path.starts_with("feedback/images/") && path.ends_with(".png") && !path.contains(".."), "{path}");
    assert_eq!(fs_err::read(server.folder.path().join(path)).unwrap(), photo);
    let label = image::open(server.folder.path().join(saved["mask_path"].as_str().unwrap())).unwrap().into_luma8();
    assert_eq!((label.dimensions(), label.as_raw().iter().max()), ((64, 48), Some(&0)));
    let again = server.post_file("/save-for-retrain", "other.png", &photo).json();
    assert_eq!(again["path"], saved["path"], "equal photographs are kept once");
    assert_ne!(again["id"], saved["id"]);
}

#[test]
fn metrics_have_types_units_and_buckets() {
    let server = Server::start();
    server.post_file("/predict?mask=none", "wall.png", &wall(64, 48));
    server.get("/no-such-page");
    let text = server.get("/metrics").text();
    for name in [
        "hairline_http_requests_total",
        "hairline_queue_photos",
        "hairline_model_info",
        "hairline_build_info",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is missing:\n{text}");
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is not described");
    }
    for name in
        ["hairline_http_request_duration_seconds", "hairline_inference_stage_duration_seconds", "hairline_crack_ratio"]
    {
        assert!(text.contains(&format!("# TYPE {name} histogram")), "{name}:\n{text}");
        assert!(text.contains(&format!("{name}_bucket{{")), "{name} has no buckets");
    }
    assert!(text.contains("route=\"/predict\"") && text.contains("route=\"unmatched\""), "{text}");
    assert!(!text.contains("no-such-page"), "raw paths are no labels");
}

#[test]
#[ignore = "needs promtool"]
fn prometheus_itself_accepts_the_metrics() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let server = Server::start();
    server.post_file("/predict?mask=none", "wall.png", &wall(64, 48));
    let text = server.get("/metrics").body;
    let mut check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(&text).unwrap();
    let output = check.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/prometheus.yml");
    let output = Command::new("promtool").args(["check", "config", file]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_openapi_document_is_the_reviewed_one() {
    let server = Server::start();
    let document = server.get("/openapi.json").json();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("openapi", document, { ".info.version" => "[version]" });
    });
}

#[test]
fn a_full_queue_is_503_with_retry_after() {
    let server = Server::with_settings(&[("inference.queue_photos", "1")]);
    std::thread::scope(|scope| {
        let huge = scope.spawn(|| server.post_file("/predict?mask=none", "huge.png", &wall(3000, 2000)));
        server.wait_for_metric("hairline_queue_photos 1");
        let refused = server.post_file("/predict?mask=none", "small.png", &wall(32, 32));
        refused.problem(503, "queue_full");
        assert!(refused.retry_after.parse::<u64>().unwrap() >= 1);
        assert_eq!(huge.join().unwrap().status, 200);
    });
}

#[test]
fn who_hangs_up_is_not_computed_for() {
    use std::io::Write;
    let server = Server::start();
    let photo = wall(4000, 3000);
    let head =
        "POST /predict?mask=none HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=B\r\n";
    let part = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let length = part.len() + photo.len() + "\r\n--B--\r\n".len();
    let mut stream = std::net::TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "{head}Content-Length: {length}\r\n\r\n{part}").unwrap();
    stream.write_all(&photo).unwrap();
    stream.write_all(b"\r\n--B--\r\n").unwrap();
    server.wait_for_metric("hairline_queue_photos 1");
    let sent = std::time::Instant::now();
    drop(stream);
    server.wait_for_metric("hairline_queue_photos 0");
    let stopped = sent.elapsed();
    assert!(!server.get("/metrics").text().contains("outcome=\"done\""), "it was computed to the end");
    assert!(stopped.as_secs() < 5, "it went on for {stopped:?}");
}

#[test]
fn ctrl_c_finishes_what_is_running() {
    let mut server = Server::start();
    let url = server.url.clone();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| server.post_file("/predict?mask=none", "wall.png", &wall(2400, 1600)));
        server.wait_for_metric("hairline_queue_photos 1");
        server.interrupt();
        assert_eq!(running.join().unwrap().status, 200, "{url}");
    });
    assert!(server.child.wait().unwrap().success());
}
