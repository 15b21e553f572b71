//! Start-up time, measured from outside.

use std::time::{Duration, Instant};

use crate::support::{BINARY, Server};

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
