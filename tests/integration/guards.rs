//! Who is let in.

use std::process::Command;

use crate::support::{BINARY, Request, Server, ServerOptions, wall};

const EVERYWHERE: &str = "0.0.0.0:0";

#[test]
fn beyond_this_machine_a_token_is_needed_to_start_and_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let hairline =
        |arguments: &[&str]| Command::new(BINARY).args(arguments).current_dir(folder.path()).output().unwrap();
    let refused = hairline(&["serve", "--addr", EVERYWHERE]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("hairline token create"));

    let made = hairline(&["token", "create", "site-office"]);
    let secret = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    assert!(secret.len() > 60, "{secret}");

    let server = Server::with(ServerOptions { addr: EVERYWHERE, ..ServerOptions::default() }, folder);
    for path in ["/", "/metrics", "/openapi.json", "/api/v1/predictions/x"] {
        server.get(path).problem(401, "unauthorised");
    }
    assert_eq!(server.get("/ping").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    let with = |secret: &str| {
        Request::new("GET", "/metrics").header("Authorization", &format!("Bearer {secret}")).send(&server)
    };
    with("hl_wrong").problem(401, "unauthorised");
    assert_eq!(with(&secret).status, 200);

    let form = |token: &str| {
        Request::new("POST", "/login")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(format!("token={token}").into_bytes())
            .send(&server)
    };
    assert_eq!(form("wrong").status, 200);
    assert_eq!(form(&secret).status, 303);
    let by_cookie = Request::new("GET", "/").header("Cookie", &format!("hairline_token={secret}")).send(&server);
    assert_eq!(by_cookie.status, 200);

    let revoked = Command::new(BINARY)
        .args(["token", "revoke", "site-office"])
        .current_dir(server.folder.path())
        .status()
        .unwrap();
    assert!(revoked.success());
    with(&secret).problem(401, "unauthorised");
    assert!(!server.log().contains(&secret), "the log holds the secret");
}

#[test]
fn every_answer_carries_a_strict_policy() {
    let server = Server::start();
    let posted = server.post_file("/predict?mask=none", "wall.png", &wall(32, 32));
    for answer in [server.get("/"), server.get("/docs"), server.get("/nowhere"), posted] {
        assert!(
            answer.policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{}",
            answer.policy
        );
        assert!(!answer.policy.contains("unsafe"));
    }
    for path in ["/", "/docs", "/login", "/nowhere"] {
        let page = Request::new("GET", path).header("Accept", "text/html").send(&server).text();
        assert!(page.contains("<html"), "{path}");
        assert!(!page.contains(" style=") && !page.contains("onclick="), "{path} has inline style or script");
        assert!(!page.contains("http://") || path == "/docs", "{path} loads from elsewhere");
        assert!(!page.contains("https://"), "{path} loads from elsewhere");
    }
}
