//! Memory and start-up time, measured from outside.

mod history;

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::support::{Answer, BINARY, Request, Server, encode, jpeg};

#[test]
fn it_is_ready_within_a_second() {
    let started = Instant::now();
    let server = Server::start();
    assert_eq!(server.get("/readyz").status, 200);
    let ready = started.elapsed();
    println!("ready after {} ms", ready.as_millis());
    let size = fs_err::metadata(BINARY).unwrap().len();
    println!("binary: {:.1} MB", size as f64 / 1e6);
    assert!(ready < Duration::from_secs(1), "{ready:?}");
}

/// Peak resident memory of the server, MB.
fn peak_mb(server: &Server) -> f64 {
    let status = fs_err::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
}

/// The peak of a fresh server that computed `photo`, and its answer.
fn peak_of(photo: &[u8]) -> (f64, Answer) {
    let server = Server::start();
    let answer = server.post_file("/predict?mask=png", "wall.jpg", photo);
    (peak_mb(&server), answer)
}

#[test]
#[ignore = "takes a minute"]
fn memory_grows_by_no_more_than_8_bytes_a_pixel() {
    let (small, large) = (jpeg(4000, 3000), jpeg(8000, 6000));
    let (at_12, answer) = peak_of(&small);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (at_48, answer) = peak_of(&large);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let bytes_a_pixel = (at_48 - at_12) / 36.0;
    println!("peak resident: {at_12:.0} MB for 12 megapixels, {at_48:.0} MB for 48: {bytes_a_pixel:.2} bytes a pixel");
    println!("JPEG files: {:.1} and {:.1} MB", small.len() as f64 / 1e6, large.len() as f64 / 1e6);
    assert!(bytes_a_pixel <= 8.0);
}

#[test]
#[ignore = "takes a minute"]
fn a_hundred_megapixels_stay_within_8_bytes_a_pixel_and_300_mb() {
    let server = Server::start();
    let answer = server.post_file("/predict?mask=none", "wall.jpg", &jpeg(12_500, 8_000));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let peak = peak_mb(&server);
    println!("peak resident: {peak:.0} MB for 100 megapixels");
    assert!(peak <= 8.0 * 100.0 + 300.0);
}

/// An archive of `count` photographs that do not compress, 2.4 MB each, with their masks.
fn archive(count: u32) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mask = encode(&DynamicImage::ImageLuma8(GrayImage::from_pixel(1_000, 800, Luma([255]))), ImageFormat::Png);
    for number in 0..count {
        let mut state = u64::from(number) + 1;
        let noise = (0..2_400_000).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        let photo = RgbImage::from_raw(1_000, 800, noise.collect()).unwrap();
        for (name, content) in [
            (format!("images/{number}.png"), encode(&DynamicImage::ImageRgb8(photo), ImageFormat::Png)),
            (format!("masks/{number}.png"), mask.clone()),
        ] {
            zip.start_file(name, stored).unwrap();
            zip.write_all(&content).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

#[test]
#[ignore = "takes a minute"]
fn labels_are_carried_piece_by_piece() {
    let server = Server::start();
    let carry = |count: u32| {
        let sent = archive(count);
        let megabytes = sent.len() as f64 / 1e6;
        let request = Request::new("POST", "/api/v1/import").header("Content-Type", "application/zip").body(sent);
        let imported = request.send(&server);
        assert_eq!(imported.json()["photographs"], count, "{}", imported.text());
        let exported = server.get("/api/v1/export?format=coco").body.len() as f64 / 1e6;
        assert!(exported >= megabytes * 0.99, "{exported} MB came back of {megabytes}");
        (megabytes, peak_mb(&server))
    };
    let (little, at_little) = carry(4);
    let (much, at_much) = carry(80);
    println!(
        "peak resident: {at_little:.0} MB after an archive of {little:.0} MB, {at_much:.0} MB after one of {much:.0} MB"
    );
    // The allocator keeps some of what many photographs in turn have needed, and each is looked at for the review meanwhile.
    assert!(at_much - at_little < 0.5 * (much - little), "memory goes with the archive");
}
