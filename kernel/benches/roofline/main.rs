//! Where the time of a forward pass goes, and how close each kernel comes to what one core can do.
//!
//! `cargo bench -p hairline-kernel --bench roofline -- FILE.svg` times every layer of the network at width 16 and 512×512
//! pixels on one thread, prints a table, and draws the roofline (Williams, Waterman, Patterson 2009).
//! FILE is taken from the root of the repository.

mod ceilings;
mod drawing;
mod layers;

use std::path::Path;
use std::time::Instant;

use hairline_kernel::isa::Isa;

/// Work of one kind at one size.
pub struct Point {
    /// Kind of layer.
    pub kind: &'static str,
    /// How often a forward pass does it; 0 for work that only training does.
    pub times: usize,
    /// Multiplications and additions.
    pub operations: f64,
    /// Bytes that must be read and written at least once.
    pub bytes: f64,
    /// Median time in seconds.
    pub seconds: f64,
}

/// Median seconds of `work`, after one run that does not count.
pub fn seconds(mut work: impl FnMut()) -> f64 {
    const RUNS: usize = 7;
    work();
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn main() {
    let isa = Isa::from_env().expect("an instruction set");
    let file = std::env::args().skip(1).find(|argument| argument.ends_with(".svg"));
    let (peak, bandwidth) = (ceilings::peak(isa), ceilings::bandwidth(isa));
    println!("{}, one thread: {:.0} GFLOP/s, {:.1} GB/s", isa.name(), peak / 1e9, bandwidth / 1e9);
    let points = layers::measure(isa);
    table(&points);
    if let Some(file) = file {
        // Cargo starts benches in the package's folder, not where the command was given.
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        fs_err::write(file, drawing::roofline(isa.name(), peak, bandwidth, &points)).expect("the drawing");
    }
}

/// Time and speed of each kind of layer in a forward pass.
fn table(points: &[Point]) {
    let whole: f64 = points.iter().map(|point| point.seconds * point.times as f64).sum();
    println!("\n| layer | ms | share | GFLOP/s |\n|---|---|---|---|");
    let mut kinds: Vec<&str> = points.iter().filter(|point| point.times > 0).map(|point| point.kind).collect();
    kinds.dedup();
    for kind in kinds {
        let of_kind = || points.iter().filter(|point| point.kind == kind);
        let sum = |value: fn(&Point) -> f64| of_kind().map(|point| value(point) * point.times as f64).sum::<f64>();
        let (seconds, operations) = (sum(|point| point.seconds), sum(|point| point.operations));
        let (ms, share, speed) = (seconds * 1e3, seconds / whole * 100.0, operations / seconds / 1e9);
        println!("| {kind} | {ms:.1} | {share:.0} % | {speed:.0} |");
    }
    println!("| all | {:.1} | | |", whole * 1e3);
}
