//! Real photographs, where `HAIRLINE_DATA` names their folder.
//!
//! The expected scores come from `benches/peers/run reference.py score MODEL DATA SPLIT`.

use std::process::Command;

use serde_json::Value;

use crate::support::{BINARY, data_folder};

fn evaluate(model: &str, set: &str) -> Value {
    let folder = data_folder().join(set);
    let data = folder.display().to_string();
    let output = Command::new(BINARY)
        .args(["evaluate", "--json", "--model", model, "--split", "test", "--data", &data])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
#[ignore = "needs HAIRLINE_DATA"]
fn masonry_scores_as_in_an_independent_pipeline() {
    let report = evaluate("open", "masonry");
    assert_eq!(report["images"], 40);
    let f1 = report["micro"]["f1"].as_f64().unwrap();
    println!("F1 {f1:.4} (95 % {}), IoU {}", report["intervals"]["f1"], report["micro"]["iou"]);
    assert!((f1 - 0.4360).abs() <= 0.002, "F1 {f1}; Pillow and PyTorch without tiling give 0.4360");
}

#[test]
#[ignore = "needs HAIRLINE_DATA"]
fn deepcrack_scores_as_in_pytorch() {
    let report = evaluate("research", "deepcrack");
    assert_eq!(report["images"], 237);
    let f1 = report["micro"]["f1"].as_f64().unwrap();
    println!("F1 {f1:.4} (95 % {}), IoU {}", report["intervals"]["f1"], report["micro"]["iou"]);
    assert!((f1 - 0.8632).abs() <= 0.002, "F1 {f1}; PyTorch without tiling gives 0.8632");
}
