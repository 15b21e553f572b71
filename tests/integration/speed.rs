//! Time, measured from outside; wants the machine for itself.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use hairline::bench::{self, Work};
use hairline::net::Model;
use hairline::registry;

use crate::browser::{Browser, READY, WIDE};
use crate::support::{Server, jpeg};

/// The embedded model, as the server runs it.
fn model() -> Arc<Model> {
    registry::load("open", Path::new("models")).unwrap()
}

#[test]
#[ignore = "measures time: wants the machine for itself"]
fn twelve_megapixels_take_little_more_than_the_network() {
    let (server, photo, model) = (Server::start(), jpeg(4000, 3000), model());
    let tile = Work { batch: 1, side: 768, count: 5 };
    // The shortest times: whatever else the machine does only adds to them.
    let (mut network, mut whole) = (f64::MAX, f64::MAX);
    for _ in 0..4 {
        network = network.min(bench::forward(&model, tile).unwrap().unwrap().least * 12e6 / (768.0 * 768.0));
        let started = Instant::now();
        assert_eq!(server.post_file("/predict?mask=png", "wall.jpg", &photo).status, 200);
        whole = whole.min(started.elapsed().as_secs_f64() * 1e3);
    }
    let more = whole - 1.35 * network;
    println!(
        "12 megapixels: {whole:.0} ms; the network alone needs {network:.0} ms; beyond 1.35 times that: {more:.0} ms"
    );
    assert!(more <= 250.0);
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
#[ignore = "measures time: wants the machine for itself"]
fn eight_clients_are_served_as_fast_as_one() {
    let (server, photo) = (Server::start(), jpeg(512, 512));
    rush(&server, &photo, 1, 4);
    // The best rounds: whatever else the machine does only slows them.
    let (mut one, mut eight, mut times) = (0.0, 0.0, Vec::new());
    for _ in 0..7 {
        one = rush(&server, &photo, 1, 24).0.max(one);
        let (rate, took) = rush(&server, &photo, 8, 6);
        eight = rate.max(eight);
        times.extend(took);
    }
    times.sort_by(f64::total_cmp);
    let (ratio, p99) = (eight / one, times[times.len() * 99 / 100]);
    println!("eight clients: {ratio:.2} of one client's throughput; p99 {p99:.0} ms (n = {})", times.len());
    assert!(ratio >= 0.95);
}

/// Draws fifty long cracks forty times at three scales; gives the median time of each in ms.
const DRAW_FIFTY_CRACKS: &str = r#"
    const viewer = document.querySelector("crack-viewer"), { measures, view, canvas, threshold } = viewer;
    let seed = 1;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const cracks = Array.from({ length: 50 }, (_, i) => {
        let [x, y, turn, width] = [random() * 3600, random() * 2600, random() * 6.28, 8];
        const points = Array.from({ length: 400 }, () => {
            turn += (random() - 0.5) * 0.6;
            [x, y] = [Math.min(4000, Math.max(0, x + 4 * Math.cos(turn))), Math.min(3000, Math.max(0, y + 4 * Math.sin(turn)))];
            width = Math.min(14, Math.max(2, width + 2 * (random() - 0.5)));
            return [x, y, width];
        });
        const bounds = [0, 1].map((axis) => points.map((point) => point[axis]));
        const bounds_px = [...bounds.map((of) => Math.min(...of)), ...bounds.map((of) => Math.max(...of))];
        return { number: i + 1, width_p95_px: { value: 14 }, width_max_at_px: points[0], bounds_px, polylines: [{ points }] };
    });
    measures.showCracks(cracks, threshold);
    return [view.fitScale, 1, 4].map((scale) => {
        view.zoomTo(scale);
        const times = Array.from({ length: 40 }, () => {
            const started = performance.now();
            measures.draw(canvas, view, { show: "both", threshold, hidden: false });
            // Reading a pixel waits until all is drawn.
            canvas.getContext("2d").getImageData(0, 0, 1, 1);
            return performance.now() - started;
        });
        return times.sort((a, b) => a - b)[20];
    });"#;

#[tokio::test]
#[ignore = "measures time: wants the machine for itself, and chromium and chromedriver"]
async fn fifty_cracks_on_twelve_megapixels_are_drawn_in_a_frame_or_two() {
    let server = Server::start();
    let answer = server.post_file("/predict?mask=none", "wall.jpg", &jpeg(4000, 3000)).json();
    let browser = Browser::open(WIDE).await;
    browser.client.goto(&format!("{}/predictions/{}", server.url, answer["id"].as_str().unwrap())).await.unwrap();
    browser.wait_for(READY).await;
    let medians = browser.run(DRAW_FIFTY_CRACKS).await;
    println!("50 cracks of 400 points on 12 megapixels, whole photograph, 100 %, 400 %: {medians} ms (median of 40)");
    assert!(medians.as_array().unwrap().iter().all(|median| median.as_f64().unwrap() < 33.0));
    browser.client.clone().close().await.unwrap();
}
