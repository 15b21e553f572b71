//! Traces along drawn cracks beside the truth.

use super::drawn::Drawn;
use crate::support::Server;

#[test]
#[ignore = "development"]
fn dump() {
    let folder = std::path::Path::new("/tmp/traces");
    fs_err::create_dir_all(folder).unwrap();
    let server = Server::start();
    for seed in 0..40_u64 {
        let drawn = Drawn::new(seed);
        let png = drawn.png();
        let answer = server.post_file("/predict?mask=none", "wall.png", &png).json();
        let id = answer["id"].as_str().unwrap();
        let map = server.get(&format!("/api/v1/predictions/{id}/probabilities.u16")).body;
        fs_err::write(folder.join(format!("{seed}.png")), &png).unwrap();
        fs_err::write(folder.join(format!("{seed}.rgb")), drawn.photo.as_raw()).unwrap();
        fs_err::write(folder.join(format!("{seed}.u16")), map).unwrap();
        let mut list = Vec::new();
        for (i, crack) in drawn.cracks.iter().enumerate() {
            let bytes: Vec<u8> = crack.truth.pixels.iter().map(|&p| u8::from(p)).collect();
            fs_err::write(folder.join(format!("{seed}.{i}.mask")), bytes).unwrap();
            list.push(serde_json::json!({"clicks": crack.clicks, "width": crack.mean_width}));
        }
        let whole = serde_json::json!({"threshold": answer["threshold"], "cracks": list});
        fs_err::write(folder.join(format!("{seed}.json")), whole.to_string()).unwrap();
    }
}
