//! What takes minutes: run by `tests/soak`.

use image::{DynamicImage, Rgb, RgbImage};

use crate::real_photographs::evaluate;
use crate::support::{Answer, Server};

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

/// Posts and answers with the peak while it was computed; the computation itself is not waited for.
fn peak_of(photo: &[u8]) -> (f64, Answer) {
    let server = Server::start();
    let answer = server.post_file("/predict?mask=png", "wall.jpg", photo);
    (peak_mb(&server), answer)
}

#[test]
#[ignore = "takes minutes"]
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
#[ignore = "needs HAIRLINE_DATA and minutes"]
fn deepcrack_photographs_score_as_in_pytorch() {
    let report = evaluate("deepcrack", &["--split", "test"]);
    assert_eq!(report["images"], 237);
    let f1 = report["micro"]["f1"].as_f64().unwrap();
    println!("F1 {f1:.4} (95 % {}), IoU {}", report["f1_interval"], report["micro"]["iou"]);
    assert!((f1 - 0.8502).abs() <= 0.002, "F1 {f1}; PyTorch without tiling gives 0.8502");
}
