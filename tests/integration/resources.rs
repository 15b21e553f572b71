//! Memory and time, measured from outside.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hairline::bench::{self, Work};
use hairline::net::Model;
use hairline::registry;
use image::{DynamicImage, Rgb, RgbImage};

use crate::support::{Answer, BINARY, Server};

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

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 27;
        Rgb([150 + grain as u8; 3])
    });
    crate::support::encode(&DynamicImage::ImageRgb8(picture), image::ImageFormat::Jpeg)
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

/// The embedded model, as the server runs it.
fn model() -> Arc<Model> {
    registry::load("research", Path::new("models")).unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
#[ignore = "takes a minute, and measures time"]
fn twelve_megapixels_take_little_more_than_the_network() {
    let (server, photo, model) = (Server::start(), jpeg(4000, 3000), model());
    let tile = Work { batch: 1, side: 768, count: 5 };
    let (mut network, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        network.push(bench::forward(&model, tile).unwrap().unwrap().median * 12e6 / (768.0 * 768.0));
        let started = Instant::now();
        assert_eq!(server.post_file("/predict?mask=png", "wall.jpg", &photo).status, 200);
        whole.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let more: Vec<f64> = network.iter().zip(&whole).map(|(network, whole)| whole - 1.35 * network).collect();
    let (network, whole, more) = (median(network), median(whole), median(more));
    println!(
        "12 megapixels: {whole:.0} ms; the network alone needs {network:.0} ms; beyond 1.35 times that: {more:.0} ms"
    );
    assert!(more <= 250.0);
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

/// Requests a second of `clients` that each send `requests`, one after the other; and how long each took.
fn rush(server: &Server, photo: &[u8], clients: usize, requests: usize) -> (f64, Vec<f64>) {
    let started = Instant::now();
    let client = || {
        let one = |_| {
            let started = Instant::now();
            assert_eq!(server.post_file("/predict?mask=png", "wall.jpg", photo).status, 200);
            started.elapsed().as_secs_f64() * 1e3
        };
        (0..requests).map(one).collect::<Vec<f64>>()
    };
    let times: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    ((clients * requests) as f64 / started.elapsed().as_secs_f64(), times)
}

#[test]
#[ignore = "takes a minute, and measures time"]
fn eight_clients_are_served_as_fast_as_one() {
    let (server, photo) = (Server::start(), jpeg(512, 512));
    rush(&server, &photo, 1, 4);
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let (one, _) = rush(&server, &photo, 1, 24);
        let (eight, took) = rush(&server, &photo, 8, 6);
        ratios.push(eight / one);
        times.extend(took);
    }
    times.sort_by(f64::total_cmp);
    let (ratio, p99) = (median(ratios), times[times.len() * 99 / 100]);
    println!("eight clients: {ratio:.2} of one client's throughput; p99 {p99:.0} ms (n = {})", times.len());
    assert!(ratio >= 0.95);
}
