//! Labels carried out and in: equal to the bit, readable for others, and safe against what is sent by mistake or malice.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::process::Command;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::support::{Answer, BINARY, Part, Request, Server, encode, wall_numbered};

/// Masks that try the formats: blobs that touch at corners, holes, nothing, everything, the border.
fn masks() -> Vec<GrayImage> {
    let mask =
        |on: &dyn Fn(u32, u32) -> bool| GrayImage::from_fn(96, 64, |x, y| Luma([if on(x, y) { 255 } else { 0 }]));
    vec![
        mask(&|x, y| x.abs_diff(2 * y) < 3),
        mask(&|x, y| (x * 7 + y * 13) % 11 < 4),
        mask(&|x, y| {
            (10..40).contains(&x) && (10..40).contains(&y) && !((20..30).contains(&x) && (20..30).contains(&y))
        }),
        mask(&|x, y| {
            x.abs_diff(48).pow(2) + y.abs_diff(32).pow(2) < 900 && x.abs_diff(48).pow(2) + y.abs_diff(32).pow(2) > 300
        }),
        mask(&|_, _| false),
        mask(&|_, _| true),
        mask(&|x, y| x == 0 || y == 63 || (x == 95 && y % 2 == 0)),
    ]
}

/// A server with one label a mask.
fn labelled() -> Server {
    let server = Server::start();
    for (i, mask) in (0..).zip(masks()) {
        let mask = encode(&DynamicImage::ImageLuma8(mask), ImageFormat::Png);
        let photo = wall_numbered(96, 64, i);
        let form = [Part::file("file", "wall.png", &photo), Part::file("mask", "mask.png", &mask)];
        assert_eq!(Request::new("POST", "/save-for-retrain").form(&form).send(&server).status, 200);
    }
    server
}

fn export(server: &Server, format: &str) -> Vec<u8> {
    let answer = server.get(&format!("/api/v1/export?format={format}"));
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/zip"));
    answer.body
}

fn import(server: &Server, archive: Vec<u8>) -> Answer {
    Request::new("POST", "/api/v1/import").header("Content-Type", "application/zip").body(archive).send(server)
}

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.insert(file.name().unwrap().into_owned(), content);
    }
    files
}

/// Photographs and masks, without what says who imported them when.
fn pictures(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    files(archive).into_iter().filter(|(name, _)| name != "labels.json").collect()
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in files {
        zip.start_file(*name, deflated).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn labels_carried_to_an_empty_store_are_equal_to_the_bit() {
    let server = labelled();
    let folders = export(&server, "folders");
    let expected = pictures(&folders);
    assert_eq!(expected.len(), 2 * masks().len());
    for format in ["folders", "coco"] {
        let other = Server::start();
        let sent = export(&server, format);
        let imported = import(&other, sent.clone());
        assert_eq!(imported.status, 200, "{}", imported.text());
        let count = masks().len();
        assert_eq!(
            imported.json(),
            json!({ "photographs": count, "labels": count, "without_label": 0, "unchanged": 0 })
        );
        assert_eq!(pictures(&export(&other, "folders")), expected, "{format}");
        let again = import(&other, sent).json();
        assert_eq!((&again["labels"], &again["unchanged"]), (&json!(0), &json!(count)), "{format}: {again}");
    }
}

#[test]
fn the_command_line_carries_the_same() {
    let server = labelled();
    let run = |folder: &std::path::Path, arguments: &[&str]| {
        let output = Command::new(BINARY).arg("labels").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let here = server.folder.path();
    let told = run(here, &["export", "all.zip", "--format", "coco"]);
    assert!(told.contains("7 labels"), "{told}");
    let other = tempfile::tempdir().unwrap();
    let all = here.join("all.zip");
    let imported: Value =
        serde_json::from_str(&run(other.path(), &["import", all.to_str().unwrap(), "--actor", "ann"])).unwrap();
    assert_eq!(imported["labels"], 7);
    run(other.path(), &["export", "again.zip"]);
    let again = fs_err::read(other.path().join("again.zip")).unwrap();
    assert_eq!(pictures(&again), pictures(&export(&server, "folders")));
    let described: Value = serde_json::from_slice(&files(&again)["labels.json"]).unwrap();
    assert!(described["labels"].as_array().unwrap().iter().all(|label| label["actor"] == "ann"), "{described}");
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn pycocotools_reads_the_masks_as_they_are() {
    let server = labelled();
    let folder = tempfile::tempdir().unwrap();
    let coco = files(&export(&server, "coco"));
    fs_err::write(folder.path().join("annotations.json"), &coco["annotations.json"]).unwrap();
    let mut kinds = BTreeMap::new();
    let document: Value = serde_json::from_slice(&coco["annotations.json"]).unwrap();
    for annotation in document["annotations"].as_array().unwrap() {
        *kinds.entry(annotation["segmentation"].is_array()).or_insert(0) += 1;
    }
    assert!(kinds[&true] > 3 && kinds[&false] > 1, "both polygons and run lengths are tried: {kinds:?}");
    for (name, content) in pictures(&export(&server, "folders")) {
        if let Some(name) = name.strip_prefix("masks/") {
            fs_err::write(folder.path().join(name), content).unwrap();
        }
    }
    let python = std::env::var_os("HAIRLINE_PYTHON").expect("HAIRLINE_PYTHON is set; tests/run does it");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/read_coco.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["images"], 7);
    assert_eq!(read["different_pixels"], 0, "{read}");
    assert!(read["crack_pixels"].as_u64().unwrap() > 6_000, "{read}");

    // What pycocotools writes is read: run lengths of its own, and a polygon with oblique sides.
    let theirs = fs_err::read(folder.path().join("theirs.json")).unwrap();
    let name = read["file_name"].as_str().unwrap();
    let sent =
        archive(&[(&format!("set/images/{name}"), &coco[&format!("images/{name}")]), ("set/theirs.json", &theirs)]);
    let other = Server::start();
    let imported = import(&other, sent);
    assert_eq!(imported.status, 200, "{}", imported.text());
    let sha256 = name.split('.').next().unwrap();
    let label = other.get(&format!("/api/v1/images/{sha256}/labels/1.png")).body;
    let expected = image::open(folder.path().join("theirs.png")).unwrap().into_luma8();
    assert_eq!(image::load_from_memory(&label).unwrap().into_luma8(), expected);
}

#[test]
fn archives_that_are_wrong_are_refused_with_the_limit() {
    let settings = [("server.max_upload_mb", "1"), ("server.max_import_mb", "3"), ("server.max_megapixels", "1")];
    let server = Server::with_settings(&settings);
    let photo = wall_numbered(96, 64, 1);
    let mask = encode(&DynamicImage::ImageLuma8(masks().swap_remove(0)), ImageFormat::Png);
    let (photo, mask) = (photo.as_slice(), mask.as_slice());
    let refused =
        |status: u16, code: &str, files: &[(&str, &[u8])]| import(&server, archive(files)).problem(status, code);

    import(&server, b"PK\x03\x04 is no archive".to_vec()).problem(422, "corrupt_archive");
    let plain = Request::new("POST", "/api/v1/import").body(archive(&[])).send(&server);
    plain.problem(415, "expected_zip");
    for name in ["../images/a.png", "images/../../a.png", "/images/a.png", "images\\..\\..\\a.png"] {
        refused(422, "unsafe_file_name", &[(name, photo), ("masks/a.png", mask)]);
    }
    let zeros = vec![0; 2_000_000];
    let problem = refused(413, "file_too_large", &[("images/a.png", &zeros), ("masks/a.png", mask)]);
    assert_eq!(problem["limit"]["max_bytes"], 1_000_000, "{problem}");
    let padded = [photo, &zeros[..900_000]].concat();
    let names: Vec<String> = (0..5).map(|i| format!("images/{i}.png")).collect();
    let photos: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), padded.as_slice())).collect();
    let problem = refused(413, "archive_too_large", &[&photos[..], &[("masks/4.png", mask)]].concat());
    assert_eq!(problem["limit"]["max_unpacked_bytes"], 3_000_000, "{problem}");
    let huge = encode(&DynamicImage::ImageLuma8(GrayImage::new(1_500, 1_000)), ImageFormat::Png);
    let problem = refused(413, "too_many_pixels", &[("images/a.png", &huge), ("masks/a.png", mask)]);
    assert_eq!((&problem["limit"]["max_pixels"], &problem["field"]), (&json!(1_000_000), &json!("images/a.png")));
    refused(413, "too_many_pixels", &[("images/a.png", photo), ("masks/a.png", &huge)]);
    refused(415, "unsupported_format", &[("images/a.png", b"text"), ("masks/a.png", mask)]);
    refused(422, "unknown_layout", &[("images/a.png", photo)]);
    refused(422, "unknown_layout", &[("images/a.png", photo), ("masks/b.png", mask)]);
    refused(422, "unknown_layout", &[("images/a.png", photo), ("images/a.jpg", photo), ("masks/a.png", mask)]);

    let noise: Vec<u8> = (0..4_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let problem = import(&server, noise).problem(413, "body_too_large");
    assert_eq!(problem["limit"]["max_bytes"], 3_000_000);
}

fn coco(segmentation: &Value, size: (u32, u32)) -> Vec<u8> {
    let image = json!({ "id": 7, "file_name": "a.png", "width": size.0, "height": size.1 });
    let other = json!({ "id": 2, "image_id": 7, "category_id": 4, "segmentation": [[0, 0, 90, 0, 90, 60, 0, 60]] });
    let crack = json!({ "id": 1, "image_id": 7, "category_id": 3, "segmentation": segmentation });
    let categories = json!([{ "id": 3, "name": "Crack" }, { "id": 4, "name": "spalling" }]);
    // The order of the lists is free.
    json!({ "annotations": [crack, other], "categories": categories, "images": [image], "info": {} }).to_string().into()
}

#[test]
fn coco_files_of_others_are_read_or_refused() {
    let server = Server::start();
    let photo = wall_numbered(96, 64, 1);
    let send = |document: &[u8]| {
        import(&server, archive(&[("images/a.png", &photo), ("annotations/instances.json", document)]))
    };
    let bad: [(Value, (u32, u32)); 6] = [
        (json!([[1, 1, 2, 2]]), (96, 64)),
        (json!([[1, 1, 400, 2, 3, 3]]), (96, 64)),
        (json!({ "size": [64, 96], "counts": [1, 2] }), (96, 64)),
        (json!({ "size": [64, 96], "counts": "~~~" }), (96, 64)),
        (json!({ "size": [10, 10], "counts": [100] }), (96, 64)),
        (json!("text"), (96, 64)),
    ];
    for (segmentation, size) in bad {
        let problem = send(&coco(&segmentation, size)).problem(422, "invalid_coco");
        assert_eq!(problem["field"], "annotations/instances.json", "{problem}");
    }
    send(&coco(&json!([[1, 1, 9, 1, 9, 9]]), (60_000, 60_000))).problem(413, "too_many_pixels");
    send(b"{\"images\": [], \"categories\": []}").problem(422, "invalid_coco");
    send(b"[").problem(422, "invalid_coco");
    assert_eq!(server.get("/api/v1/review").json()["items"], json!([]), "nothing of it was kept");

    let good = send(&coco(&json!([[2, 3, 10, 3, 10, 8, 2, 8]]), (96, 64)));
    assert_eq!(good.json()["labels"], 1, "{}", good.text());
    let sha256 = hairline::digest::sha256_hex(&photo);
    let label = image::load_from_memory(&server.get(&format!("/api/v1/images/{sha256}/labels/1.png")).body).unwrap();
    let marked = label
        .into_luma8()
        .enumerate_pixels()
        .filter(|(_, _, p)| p.0[0] != 0)
        .map(|(x, y, _)| (x, y))
        .collect::<Vec<_>>();
    let expected: Vec<(u32, u32)> = (3..8).flat_map(|y| (2..10).map(move |x| (x, y))).collect();
    assert_eq!(marked, expected, "only what is called a crack is marked");
}
