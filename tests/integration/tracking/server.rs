//! A real `mlflow server` in a folder of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A server takes half a minute to start on a busy machine; tests that run at the same time share one.
static SHARED: Mutex<Weak<Mlflow>> = Mutex::new(Weak::new());

pub struct Mlflow {
    child: Child,
    port: u16,
    uri: String,
    folder: TempDir,
}

impl Mlflow {
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let port = free_port();
        let log = fs_err::File::create(at("server.log")).unwrap().into_parts().0;
        let child = python(&["-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1", "--serve-artifacts"])
            .args(["--port", &port.to_string()])
            .arg("--backend-store-uri")
            .arg(format!("sqlite:///{}", at("mlflow.db").display()))
            .arg("--artifacts-destination")
            .arg(at("artifacts"))
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .current_dir(folder.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // It starts processes of its own, which end with it.
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self { child, port, uri: format!("http://127.0.0.1:{port}"), folder };
        server.wait_until_healthy();
        server
    }

    fn wait_until_healthy(&self) {
        let started = Instant::now();
        while ureq::get(format!("{}/health", self.uri)).call().is_err() {
            let log = fs_err::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(180), "the server did not start: {log}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// What the server knows of an experiment and a registered model, by MLflow's own client.
    pub fn read(&self, experiment: &str, model: &str) -> Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/read_tracking.py");
        let output = python(&[script, &self.uri, experiment, model]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Mlflow {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

/// Speaks TLS before a server, with a certificate of an authority of its own.
pub struct TlsGate {
    child: Child,
    pub uri: String,
}

impl TlsGate {
    /// Writes the authority's certificate to `authority`.
    pub fn open(server: u16, authority: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/tracking/tls_gate.py");
        let mut command = python(&[script, &server.to_string()]);
        let command = command.arg(authority).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, uri: format!("https://127.0.0.1:{}", port.trim()) }
    }
}

impl Drop for TlsGate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn python(arguments: &[&str]) -> Command {
    let python: OsString = std::env::var_os("HAIRLINE_PYTHON").expect("HAIRLINE_PYTHON is set; tests/run does it");
    let mut command = Command::new(python);
    command.args(arguments).env("DO_NOT_TRACK", "true").env("MLFLOW_DISABLE_TELEMETRY", "true");
    command
}

/// A port where nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
