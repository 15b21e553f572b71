//! Starts the binary and talks to it.

use std::io::{BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_hairline");

/// A server in a folder of its own.
pub struct Server {
    pub url: String,
    pub folder: TempDir,
    pub child: Child,
}

/// How a server is started.
pub struct ServerOptions<'a> {
    pub settings: &'a [(&'a str, &'a str)],
    /// A program that runs the binary, with its arguments.
    pub under: &'a [&'a str],
    pub addr: &'a str,
}

impl Default for ServerOptions<'_> {
    fn default() -> Self {
        Self { settings: &[], under: &[], addr: "127.0.0.1:0" }
    }
}

impl Server {
    pub fn start() -> Self {
        Self::with(ServerOptions::default(), tempfile::tempdir().unwrap())
    }

    pub fn with_settings(settings: &[(&str, &str)]) -> Self {
        Self::with(ServerOptions { settings, ..ServerOptions::default() }, tempfile::tempdir().unwrap())
    }

    /// Starts in `folder`, where an earlier server may have left its work.
    pub fn with(options: ServerOptions, folder: TempDir) -> Self {
        let words: Vec<&str> = options.under.iter().copied().chain([BINARY, "serve", "--addr", options.addr]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(folder.path()).stdout(Stdio::piped());
        for (key, value) in options.settings {
            command.env(format!("HAIRLINE__{}", key.to_uppercase().replace('.', "__")), value);
        }
        let log = fs_err::File::create(folder.path().join("server.log")).unwrap();
        let mut child = command.stderr(Stdio::from(log.into_parts().0)).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        assert!(url.starts_with("http://"), "the server did not start: {line}{}", log_of(folder.path()));
        Self { url, folder, child }
    }

    pub fn log(&self) -> String {
        log_of(self.folder.path())
    }

    pub fn get(&self, path: &str) -> Answer {
        Request::new("GET", path).send(self)
    }

    /// Waits until the metric `line` is exactly so.
    #[track_caller]
    pub fn wait_for_metric(&self, line: &str) {
        let started = Instant::now();
        while !self.get("/metrics").text().lines().any(|found| found == line) {
            assert!(started.elapsed() < Duration::from_secs(20), "{line} never came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Posts one file in field `file`.
    pub fn post_file(&self, path: &str, name: &str, content: &[u8]) -> Answer {
        Request::new("POST", path).form(&[Part::file("file", name, content)]).send(self)
    }

    pub fn kill(mut self) -> TempDir {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The folder outlives the server.
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    pub fn interrupt(&self) {
        let status = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(folder: &Path) -> String {
    fs_err::read_to_string(folder.join("server.log")).unwrap_or_default()
}

/// One part of a multipart form.
pub struct Part<'a> {
    name: &'a str,
    file_name: Option<&'a str>,
    content: &'a [u8],
}

impl<'a> Part<'a> {
    pub fn file(name: &'a str, file_name: &'a str, content: &'a [u8]) -> Self {
        Self { name, file_name: Some(file_name), content }
    }

    pub fn text(name: &'a str, content: &'a str) -> Self {
        Self { name, file_name: None, content: content.as_bytes() }
    }
}

/// A request in the making.
pub struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

const BOUNDARY: &str = "hairline-test-boundary";

impl Request {
    pub fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    pub fn form(self, parts: &[Part]) -> Self {
        let mut body = Vec::new();
        for part in parts {
            let file = part
                .file_name
                .map(|n| format!("; filename=\"{n}\"\r\nContent-Type: application/octet-stream"))
                .unwrap_or_default();
            body.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"{file}\r\n\r\n", part.name).bytes(),
            );
            body.extend_from_slice(part.content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        self.header("Content-Type", &format!("multipart/form-data; boundary={BOUNDARY}")).body(body)
    }

    pub fn send(self, server: &Server) -> Answer {
        self.try_send(server).unwrap()
    }

    pub fn try_send(self, server: &Server) -> Result<Answer, ureq::Error> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(300)))
            .build()
            .into();
        let mut request =
            ureq::http::Request::builder().method(self.method).uri(format!("{}{}", server.url, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = if self.body.is_empty() && self.method != "POST" {
            agent.run(request.body(())?)?
        } else {
            agent.run(request.body(self.body)?)?
        };
        let header =
            |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        Ok(Answer {
            status: response.status().as_u16(),
            content_type: header("content-type"),
            location: header("location"),
            retry_after: header("retry-after"),
            etag: header("etag"),
            policy: header("content-security-policy"),
            body: response.body_mut().with_config().limit(1 << 30).read_to_vec()?,
        })
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub location: String,
    pub retry_after: String,
    pub etag: String,
    pub policy: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// Asserts a refusal with `status` and `code` that states a limit, and gives it back.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.content_type, "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
        problem
    }
}

/// A light wall with one dark line, as PNG.
pub fn wall(width: u32, height: u32) -> Vec<u8> {
    wall_numbered(width, height, 0)
}

/// As [`wall`], with content of its own for every number.
pub fn wall_numbered(width: u32, height: u32, number: u32) -> Vec<u8> {
    let grain = |x: u32, y: u32| (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729) ^ number.wrapping_mul(31_337)) % 23;
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let on_line = (f64::from(y) - f64::from(height) * 0.3 - f64::from(x) * 0.35).abs() < 2.2;
        let value = if on_line { 35 } else { 165 } + grain(x, y) as u8;
        Rgb([value, value, value - 8])
    });
    encode(&DynamicImage::ImageRgb8(picture), ImageFormat::Png)
}

/// A grainy wall as JPEG.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 27;
        Rgb([150 + grain as u8; 3])
    });
    encode(&DynamicImage::ImageRgb8(picture), ImageFormat::Jpeg)
}

pub fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// The folder of shared test photographs, if there is one.
pub fn data_folder() -> PathBuf {
    let folder = std::env::var_os("HAIRLINE_DATA").expect("HAIRLINE_DATA names the folder of photographs");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}
