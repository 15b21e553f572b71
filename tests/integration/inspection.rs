//! Measured cracks as programs and inspectors get them: JSON, files, a scale, a standard.

use std::path::Path;
use std::process::{Command, Output};

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value as ExifValue};
use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;
use serde_json::{Value, json};

use crate::support::{BINARY, Server, wall};

/// Length of the line on [`wall`] of 400 × 300 pixels: it falls by 0.35 px a pixel.
const LINE_PX: f64 = 423.8;

/// [`wall`] of 400 × 300 pixels as JPEG, from a phone with a lens of 26 mm at 50° N 8° E.
fn phone_photo() -> Vec<u8> {
    let rationals = |tag, values: [u32; 3]| {
        let parts = values.map(|num| Rational { num, denom: 1 }).to_vec();
        Field { tag, ifd_num: In::PRIMARY, value: ExifValue::Rational(parts) }
    };
    let ascii =
        |tag, text: &str| Field { tag, ifd_num: In::PRIMARY, value: ExifValue::Ascii(vec![text.as_bytes().to_vec()]) };
    let fields = [
        Field { tag: Tag::FocalLengthIn35mmFilm, ifd_num: In::PRIMARY, value: ExifValue::Short(vec![26]) },
        ascii(Tag::Model, "Phone 7"),
        ascii(Tag::DateTimeOriginal, "2026:05:03 10:20:30"),
        ascii(Tag::GPSLatitudeRef, "N"),
        rationals(Tag::GPSLatitude, [50, 0, 0]),
        ascii(Tag::GPSLongitudeRef, "E"),
        rationals(Tag::GPSLongitude, [8, 0, 0]),
    ];
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut metadata = std::io::Cursor::new(Vec::new());
    writer.write(&mut metadata, false).unwrap();
    let picture = image::load_from_memory(&wall(400, 300)).unwrap().into_rgb8();
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_exif_metadata(metadata.into_inner()).unwrap();
    encoder.write_image(picture.as_raw(), 400, 300, image::ExtendedColorType::Rgb8).unwrap();
    bytes
}

fn predict(server: &Server, name: &str, photo: &[u8]) -> String {
    let answer = server.post_file("/predict?mask=none", name, photo).json();
    format!("/api/v1/predictions/{}", answer["id"].as_str().unwrap())
}

#[track_caller]
fn about(value: &Value, expected: f64, share: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((value / expected - 1.0).abs() <= share, "{value} is not {expected} within {share}");
}

#[test]
fn a_prediction_comes_with_its_cracks() {
    let server = Server::start();
    let path = "/predict?mask=none&mm_per_px=0.5&standard=aashto-mbei-rc";
    let answer = server.post_file(path, "wall.png", &wall(400, 300)).json();
    let crack = &answer["cracks"][0];
    about(&crack["length_px"]["value"], LINE_PX, 0.1);
    about(&crack["length_mm"]["value"], 0.5 * crack["length_px"]["value"].as_f64().unwrap(), 0.001);
    assert_eq!(answer["scale"], json!({ "mm_per_px": 0.5, "relative_error": 0.02, "source": "given" }));
    assert_eq!(answer["standard"]["edition"], "2nd edition, 2019");
    assert_eq!(crack["severity"][0]["standard"], "aashto-mbei-rc (2nd edition, 2019)");
    assert!(crack["severity"][0]["level"].as_str().unwrap().contains("CS"), "{crack}");
    assert!(answer["caveat"].as_str().unwrap().contains("no verdict on safety"));
    about(&answer["density_per_m"], answer["total_length_mm"]["value"].as_f64().unwrap() / 30.0, 0.01);
    assert!(answer["timing_ms"]["measure"].as_f64().unwrap() > 0.0);
    let metric = "hairline_inference_stage_duration_seconds_count{stage=\"measure\"} 1";
    assert!(server.get("/metrics").text().lines().any(|line| line == metric));

    let asked =
        format!("/api/v1/predictions/{}/cracks?mm_per_px=0.5&standard=aashto-mbei-rc", answer["id"].as_str().unwrap());
    let later = server.get(&asked).json();
    for key in ["cracks", "scale", "standard", "density_per_m", "threshold", "total_length_mm"] {
        assert_eq!(later[key], answer[key], "{key}");
    }
    let strict = server.post_file(&format!("{path}&threshold=0.9"), "wall.png", &wall(400, 300)).json();
    assert_eq!(strict["threshold"], 0.9);
    assert_ne!(strict["cracks"], answer["cracks"]);
    let strict_path = asked.replace("cracks?", "cracks?threshold=0.9&");
    assert_eq!(server.get(&strict_path).json()["cracks"], strict["cracks"]);
}

#[test]
fn cracks_are_asked_for_again_at_any_threshold_and_measured_again_if_need_be() {
    let server = Server::start();
    let base = predict(&server, "wall.png", &wall(400, 300));
    let first = server.get(&format!("{base}/cracks")).json();
    assert!(first["no_verdict"].as_str().unwrap().contains("No scale"), "{first}");
    assert!(first.get("scale").is_none() && first["cracks"][0].get("length_mm").is_none());
    assert_eq!(first["cracks"][0]["severity"], json!([]));
    let lower = server.get(&format!("{base}/cracks?threshold=0.05")).json();
    assert_eq!(lower["threshold"], 0.05);
    assert_ne!(lower["cracks"], first["cracks"]);
    let none = server.get(&format!("{base}/cracks?standard=")).json();
    assert!(none.get("standard").is_none() && none.get("no_verdict").is_none(), "{none}");

    let id = base.rsplit('/').next().unwrap();
    fs_err::remove_file(server.folder.path().join(format!("feedback/recent/{id}.cracks"))).unwrap();
    assert_eq!(server.get(&format!("{base}/cracks")).json(), first);
}

#[test]
fn cracks_are_files_too() {
    let server = Server::start();
    let base = predict(&server, "north wall.jpg", &phone_photo());
    let count = server.get(&format!("{base}/cracks")).json()["cracks"].as_array().unwrap().len();
    assert!(count > 0);

    let csv = server.get(&format!("{base}/cracks.csv?mm_per_px=0.5"));
    assert_eq!((csv.status, csv.content_type.as_str()), (200, "text/csv; charset=utf-8"));
    let mut reader = csv::Reader::from_reader(csv.body.as_slice());
    assert_eq!(reader.headers().unwrap().iter().next(), Some("file"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][0]), (count, "north wall.jpg"));

    let map = server.get(&format!("{base}/cracks.geojson?mm_per_px=0.5"));
    assert_eq!(map.content_type, "application/geo+json");
    let map = map.json();
    assert_eq!(map["features"].as_array().unwrap().len(), count);
    let at = &map["features"][0]["geometry"]["coordinates"][0][0];
    assert!((at[0].as_f64().unwrap() - 8.0).abs() < 1e-4 && (at[1].as_f64().unwrap() - 50.0).abs() < 1e-4, "{at}");

    let drawing = server.get(&format!("{base}/cracks.dxf"));
    assert_eq!((drawing.status, drawing.content_type.as_str()), (200, "image/vnd.dxf"));
    let text = drawing.text();
    assert!(text.contains("POLYLINE") && text.trim_end().ends_with("EOF"), "{text}");
}

#[test]
fn a_scale_comes_from_two_points_or_from_the_lens() {
    let server = Server::start();
    let base = predict(&server, "wall.jpg", &phone_photo());
    let points = server
        .get(&format!("{base}/cracks?x1=10&y1=20&x2=310&y2=420&distance_mm=1000"))
        .problem(400, "invalid_parameter");
    assert_eq!((points["field"].as_str(), &points["limit"]), (Some("query.y2"), &json!({ "min": 0.0, "max": 300.0 })));
    let points = server.get(&format!("{base}/cracks?x1=10&y1=20&x2=310&y2=20&distance_mm=150")).json();
    assert_eq!((&points["scale"]["mm_per_px"], &points["scale"]["source"]), (&json!(0.5), &json!("two_points")));

    let lens = server.get(&format!("{base}/cracks?distance_m=2&standard=aci-224r-01/humidity")).json();
    assert_eq!((&lens["capture"]["camera"], &lens["capture"]["focal_35mm"]), (&json!("Phone 7"), &json!(26.0)));
    about(&lens["scale"]["mm_per_px"], 36.0 * 2000.0 / (26.0 * 400.0), 1e-4);
    let advice = &lens["resolution"][0];
    assert_eq!(advice["limit_mm"], 0.3);
    about(&advice["closer_than_m"], 0.1 * 26.0 * 400.0 / 36_000.0, 1e-6);
    assert!(
        advice["text"].as_str().unwrap().contains("0.10 mm/px is needed to place it, go closer than 0.028 m"),
        "{advice}"
    );
    let at_once = server.post_file("/predict?mask=none&distance_m=2", "wall.jpg", &phone_photo()).json();
    assert_eq!(at_once["scale"], lens["scale"]);

    let bare = predict(&server, "wall.png", &wall(64, 48));
    let refused = server.get(&format!("{bare}/cracks?distance_m=2")).problem(422, "no_focal_length");
    assert_eq!(refused["field"], "query.distance_m");
    server.post_file("/predict?mask=none&distance_m=2", "wall.png", &wall(64, 48)).problem(422, "no_focal_length");
}

#[test]
fn bad_questions_about_cracks_are_refused_with_field_and_limit() {
    let server = Server::start();
    let base = predict(&server, "wall.png", &wall(64, 48));
    let cases = [
        ("mm_per_px=0", "query.mm_per_px", json!({ "min": 0.001, "max": 1000.0 })),
        ("mm_per_px=1001", "query.mm_per_px", json!({ "min": 0.001, "max": 1000.0 })),
        ("mm_per_px=NaN", "query.mm_per_px", json!({ "expected": "a number" })),
        ("mm_per_px=", "query.mm_per_px", json!({ "expected": "a number" })),
        ("distance_m=-1", "query.distance_m", json!({ "min": 0.01, "max": 1000.0 })),
        ("distance_m=1e999", "query.distance_m", json!({ "expected": "a number" })),
        (
            "mm_per_px=1&distance_m=1",
            "query.mm_per_px",
            json!({ "one_of": ["mm_per_px", "distance_m", "x1,y1,x2,y2,distance_mm"] }),
        ),
        ("x1=1&y1=1&x2=40", "query.y2", json!({ "required": ["x1", "y1", "x2", "y2", "distance_mm"] })),
        ("x1=1&y1=1&x2=2&y2=2&distance_mm=5", "query.x1,y1,x2,y2", json!({ "min": 10.0, "max": 1e6 })),
        ("x1=1&y1=1&x2=40&y2=1&distance_mm=0", "query.distance_mm", json!({ "min": 0.1, "max": 1e6 })),
        ("x1=-1&y1=1&x2=40&y2=1&distance_mm=5", "query.x1", json!({ "min": 0.0, "max": 64.0 })),
        ("threshold=2", "query.threshold", json!({ "min": 0, "max": 1 })),
    ];
    for (query, field, limit) in cases {
        for resource in ["cracks", "cracks.csv", "cracks.geojson", "cracks.dxf"] {
            let problem = server.get(&format!("{base}/{resource}?{query}")).problem(400, "invalid_parameter");
            assert_eq!((problem["field"].as_str(), &problem["limit"]), (Some(field), &limit), "{resource}?{query}");
        }
    }
    let problem = server.get(&format!("{base}/cracks?standard=iso-1")).problem(400, "invalid_parameter");
    assert!(problem["limit"]["allowed"].as_array().unwrap().contains(&json!("bre-251")), "{problem}");
    server.get("/api/v1/predictions/nobody/cracks").problem(404, "not_found");
    server.get("/api/v1/predictions/0190c5d4-0000-7000-8000-000000000000/cracks.dxf").problem(404, "not_found");
    server.post_file("/predict?mm_per_px=-2", "wall.png", &wall(32, 32)).problem(400, "invalid_parameter");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

const OWN_STANDARD: &str = r#"
[[standard]]
id = "own"
title = "Own rule"
edition = "2026"
material = "render"
width = "mean"
caveat = "None."
row = [{ id = "all", exposure = "All", classes = [{ name = "fine", below_mm = 1 }, { name = "coarse" }] }]
"#;

#[test]
fn standards_are_listed_and_a_user_adds_his_own() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.toml");
    fs_err::write(&own, OWN_STANDARD).unwrap();
    let server =
        Server::with_settings(&[("inspection.standards", own.to_str().unwrap()), ("inspection.standard", "own/all")]);
    let listed = server.get("/api/v1/standards").json();
    assert_eq!(listed["default"], "own/all");
    let ids: Vec<&str> = listed["standards"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"aci-224r-01") && ids.contains(&"own"), "{ids:?}");
    let answer = server.post_file("/predict?mask=none&mm_per_px=5", "wall.png", &wall(400, 300)).json();
    assert_eq!(answer["cracks"][0]["severity"][0]["level"], "coarse");

    fs_err::write(&own, OWN_STANDARD.replace("\"mean\"", "\"median\"").replace("below_mm = 1", "below_mm = -1"))
        .unwrap();
    let broken = Command::new(BINARY)
        .args(["serve", "--addr", "127.0.0.1:0"])
        .env("HAIRLINE__INSPECTION__STANDARDS", &own)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&broken.stderr).into_owned();
    assert_eq!(broken.status.code(), Some(2), "{told}");
    assert!(told.contains("own: width is \"median\"") && told.contains("below_mm is -1"), "{told}");
}

fn hairline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).current_dir(folder).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn photo_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir(folder.path().join("photos")).unwrap();
    fs_err::write(folder.path().join("photos/a.jpg"), phone_photo()).unwrap();
    fs_err::write(folder.path().join("photos/b.png"), wall(400, 300)).unwrap();
    folder
}

#[test]
fn predict_measures_and_exports() {
    let folder = photo_folder();
    let arguments = ["predict", "photos", "--out", "out", "--mm-per-px", "0.5", "--standard", "ltpp-asphalt"];
    let output = hairline(folder.path(), &[&arguments[..], &["--export", "geojson,dxf"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for (line, name) in lines(&output).iter().zip(["a", "b"]) {
        about(&line["cracks"][0]["length_mm"]["value"], 0.5 * LINE_PX, 0.1);
        assert_eq!(line["cracks"][0]["severity"][0]["level"], "low");
        assert_eq!(line["scale"]["mm_per_px"], 0.5);
        assert!(line["density_per_m"].as_f64().unwrap() > 0.0 && line["threshold"].is_number());
        let [map, drawing] = ["geojson", "dxf"].map(|ending| format!("out/{name}.cracks.{ending}"));
        assert_eq!(line["exports"], json!([map, drawing]));
        let map: Value = serde_json::from_slice(&fs_err::read(folder.path().join(map)).unwrap()).unwrap();
        assert_eq!(map["features"].as_array().unwrap().len(), line["cracks"].as_array().unwrap().len());
        assert!(fs_err::read_to_string(folder.path().join(drawing)).unwrap().contains("POLYLINE"));
    }
    let again = hairline(folder.path(), &["predict", "photos", "--out", "photos", "--format", "csv", "--standard", ""]);
    let mut table = csv::Reader::from_reader(again.stdout.as_slice());
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    for name in ["photos/a.jpg", "photos/b.png"] {
        assert!(rows.iter().any(|row| &row[0] == name), "{name} is not in {rows:?}");
    }
    assert_eq!(String::from_utf8_lossy(&again.stdout).matches("orientation_deg").count(), 1, "one header for all");
}

#[test]
fn a_distance_needs_a_photograph_that_tells_its_lens() {
    let folder = photo_folder();
    let output = hairline(folder.path(), &["predict", "photos", "--distance-m", "2"]);
    assert_eq!(output.status.code(), Some(2));
    let lines = lines(&output);
    about(&lines[0]["scale"]["mm_per_px"], 36.0 * 2000.0 / (26.0 * 400.0), 1e-4);
    assert_eq!(lines[0]["scale"]["focal_35mm"], 26.0);
    let error = lines[1]["error"].as_str().unwrap();
    assert!(lines[1]["file"] == "photos/b.png" && error.contains("focal length"), "{}", lines[1]);
}

#[test]
fn wrong_flags_are_told_with_their_limits() {
    let folder = photo_folder();
    for (flags, told) in [
        (&["--mm-per-px", "0"][..], "a number from 0.001 to 1000 is expected"),
        (&["--mm-per-px", "wide"], "a number from 0.001 to 1000 is expected"),
        (&["--distance-m", "5000"], "a number from 0.01 to 1000 is expected"),
        (&["--mm-per-px", "1", "--distance-m", "1"], "cannot be used with"),
        (&["--standard", "iso-1"], "there is no standard `iso-1`; there are: aci-224r-01, "),
        (&["--export", "pdf"], "[possible values: geojson, dxf]"),
        (&["--format", "xml"], "[possible values: json, csv]"),
    ] {
        let output = hairline(folder.path(), &[&["predict", "photos"], flags].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {stderr}");
        assert!(stderr.contains(told), "{flags:?}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}
