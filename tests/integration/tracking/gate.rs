//! A gate before a server: it passes requests on, and may keep an answer for itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

#[derive(Default)]
struct State {
    /// Part of the path of requests whose answer is kept.
    call: Option<String>,
    held: bool,
    /// The last request's line and headers.
    head: String,
}

/// Listens until the test ends.
pub struct Gate {
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Gate {
    /// Listens on `port`, and passes on to `server`.
    pub fn open(port: u16, server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let gate = Self { state: Arc::default() };
        let state = gate.state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let state = state.clone();
                std::thread::spawn(move || pass(&client.unwrap(), server, &state));
            }
        });
        gate
    }

    /// From now on the answer to a request whose path has `call` in it is kept.
    pub fn hold(&self, call: &str) {
        let mut state = self.state();
        (state.call, state.held) = (Some(call.into()), false);
    }

    pub fn let_through(&self) {
        self.state().call = None;
    }

    pub fn wait_until_held(&self) {
        let (state, held) = (self.state(), &self.state.1);
        let (state, waited) = held.wait_timeout_while(state, Duration::from_secs(60), |state| !state.held).unwrap();
        assert!(!waited.timed_out(), "{:?} was never asked", state.call);
    }

    pub fn last_head(&self) -> String {
        self.state().head.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap()
    }
}

/// Passes one request on, on connections that end with it.
fn pass(mut client: &TcpStream, server: u16, state: &(Mutex<State>, Condvar)) {
    let Some((head, body)) = read_request(client) else { return };
    let mut upstream = TcpStream::connect(("127.0.0.1", server)).unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    upstream.write_all(format!("{line}\r\nconnection: close\r\n{headers}").as_bytes()).unwrap();
    upstream.write_all(&body).unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    let mut now = state.0.lock().unwrap();
    let hold = now.call.as_ref().is_some_and(|call| line.contains(call.as_str()));
    now.head.clone_from(&head);
    now.held |= hold;
    drop(now);
    if hold {
        state.1.notify_all();
        // The connection stays open until the client is gone.
        let _ = client.read(&mut [0]);
    } else {
        let _ = client.write_all(&answer);
    }
}

/// Line and headers with the empty line behind them, and the body.
fn read_request(mut client: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 65536];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end + 4]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some((head, bytes.split_off(end + 4)));
            }
        }
        match client.read(&mut buffer) {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}
