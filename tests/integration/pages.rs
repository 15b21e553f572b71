//! The page without script: forms, redirects, server-made pictures.

use crate::support::{Part, Request, Server, wall};

fn page(server: &Server, path: &str) -> String {
    Request::new("GET", path).header("Accept", "text/html").send(server).text()
}

fn when_done(server: &Server, path: &str) -> String {
    for _ in 0..1200 {
        let text = page(server, path);
        if !text.contains("data-state=\"running\"") {
            return text;
        }
        assert!(text.contains("http-equiv=\"refresh\""), "a page that waits reloads itself");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{path} is never finished");
}

#[test]
fn a_plain_form_leads_to_a_picture() {
    let server = Server::start();
    let posted = server.post_file("/predictions", "<b>wall</b>.png", &wall(120, 80));
    assert_eq!(posted.status, 303);
    let done = when_done(&server, &posted.location);
    assert!(done.contains("/overlay.png?") && done.contains("data-state=\"done\""));
    assert!(
        done.contains("&#60;b&#62;wall") || done.contains("b&gt;.png") || done.contains("b&#62;.png"),
        "the name is escaped"
    );
    assert!(!done.contains("<b>wall"));
}

#[test]
fn several_files_lead_to_one_page_and_samples_work_with_an_empty_picker() {
    let server = Server::start();
    let (a, b) = (wall(40, 40), wall(50, 30));
    let posted = Request::new("POST", "/predictions")
        .form(&[Part::file("file", "a.png", &a), Part::file("file", "b.png", &b)])
        .send(&server);
    let done = when_done(&server, &posted.location);
    assert_eq!(done.matches("data-state=\"done\"").count(), 2);
    let sample = hairline::synth::samples::SAMPLES.first().unwrap().name;
    let posted = Request::new("POST", "/predictions")
        .form(&[Part::file("file", "", b""), Part::text("sample", sample)])
        .send(&server);
    assert_eq!(posted.status, 303, "{}", posted.text());
}

#[test]
fn failures_are_cards_for_scripts_and_pages_for_browsers() {
    let server = Server::start();
    let posted = server.post_file("/predictions", "notes.jpg", b"text");
    let done = when_done(&server, &posted.location);
    assert!(done.contains("data-code=\"unsupported_format\"") && done.contains("JPEG, PNG"), "{done}");
    let nothing = Request::new("POST", "/predictions")
        .header("Accept", "text/html")
        .form(&[Part::file("file", "", b"")])
        .send(&server);
    assert_eq!(nothing.status, 400);
    assert!(nothing.text().contains("missing_field") && nothing.content_type.starts_with("text/html"));
    let fragment = Request::new("POST", "/predictions").header("HX-Request", "true").form(&[]).send(&server);
    assert!(fragment.status == 400 && fragment.text().contains("data-state=\"failed\""));
}

#[test]
fn polling_ends_with_286_and_cancel_stops_the_work() {
    let server = Server::start();
    let start = |width, height| {
        let wall = wall(width, height);
        let form = Request::new("POST", "/predictions")
            .header("HX-Request", "true")
            .form(&[Part::file("file", "w.png", &wall)])
            .send(&server);
        let text = form.text();
        let at = text.find("data-prediction=\"").unwrap() + 17;
        format!("/predictions/{}", &text[at..at + 36])
    };
    let poll = |path: &str| Request::new("GET", path).header("HX-Request", "true").send(&server);
    let path = start(60, 40);
    let end = loop {
        let answer = poll(&path);
        if answer.status != 200 {
            break answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(end.status, 286);
    assert!(end.text().contains("data-state=\"done\"") && !end.text().contains("<html"));
    let path = start(2400, 1800);
    assert!(poll(&path).text().contains("data-state=\"running\""));
    let cancelled = Request::new("DELETE", &path).header("HX-Request", "true").send(&server);
    assert!(cancelled.text().contains("data-state=\"gone\""));
    assert_eq!(poll(&path).status, 286);
    server.wait_for_metric("hairline_queue_photos 0");
}

#[test]
fn the_page_waits_for_a_place_and_says_when_it_has_none_itself() {
    let server = Server::with_settings(&[("inference.queue_photos", "1")]);
    std::thread::scope(|scope| {
        let program = scope.spawn(|| server.post_file("/predict?mask=none", "huge.png", &wall(3000, 2000)));
        server.wait_for_metric("hairline_queue_photos 1");
        let small = wall(64, 48);
        let post = || {
            let request = Request::new("POST", "/predictions").header("HX-Request", "true");
            request.form(&[Part::file("file", "small.png", &small)]).send(&server)
        };
        let first = post();
        assert_eq!(first.status, 202, "{}", first.text());
        let second = post();
        assert_eq!((second.status, second.retry_after.as_str()), (503, "2"), "{}", second.text());
        let text = first.text();
        let at = text.find("data-prediction=\"").unwrap() + 17;
        let done = when_done(&server, &format!("/predictions/{}", &text[at..at + 36]));
        assert!(done.contains("data-state=\"done\""), "{done}");
        assert_eq!(program.join().unwrap().status, 200);
    });
}

#[test]
fn measured_cracks_stand_below_their_photograph_in_the_unit_that_was_asked_for() {
    let server = Server::start();
    let posted = server.post_file("/predictions", "wall.png", &wall(240, 160));
    let path = posted.location;
    let text = when_done(&server, &path);
    assert!(text.contains("Length, px") && text.contains("pixels: no scale yet"), "{text}");
    let scaled = page(&server, &format!("{path}/cracks?mm_per_px=0.2"));
    assert!(scaled.contains("Length, mm") && scaled.contains("0.2 mm/px"), "{scaled}");
    assert!(scaled.contains("cracks.csv?threshold="), "{scaled}");
    let wrong = server.get(&format!("{path}/cracks?mm_per_px=-1"));
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("mm_per_px"), "{}", wrong.text());
    let fragment = Request::new("GET", &format!("{path}/cracks?mm_per_px=0.2")).header("HX-Request", "true");
    assert!(!fragment.send(&server).text().contains("<html"));
}
