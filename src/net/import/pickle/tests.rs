use proptest::prelude::*;

use super::*;

#[test]
fn values_of_protocols_2_and_4_are_read() {
    // pickletools.dis: {'a': (1, -2, 70000), 'b': [2**40]} with protocol 2, and the same with protocol 4.
    let second =
        b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x87q\x02X\x01\x00\x00\x00b\
        q\x03]q\x04\x8a\x06\x00\x00\x00\x00\x00\x01au.";
    let fourth =
        b"\x80\x04\x95\x22\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x87\x94\
        \x8c\x01b\x94]\x94\x8a\x06\x00\x00\x00\x00\x00\x01au.";
    for bytes in [&second[..], fourth] {
        let pickle = Pickle::read(bytes).unwrap();
        let Value::Dict(pairs) = pickle.value(pickle.root()) else { panic!("no dict") };
        let texts: Vec<_> = pairs.iter().map(|(key, _)| pickle.value(*key)).collect();
        assert_eq!(texts, [&Value::Text("a".into()), &Value::Text("b".into())]);
        let numbers = pairs.iter().flat_map(|(_, items)| {
            let Value::Sequence(items) = pickle.value(*items) else { panic!("no sequence") };
            items.iter().map(|id| pickle.value(*id))
        });
        let expected = [1, -2, 70_000, 1 << 40].map(Value::Int);
        assert!(numbers.eq(&expected), "{pickle:?}");
    }
}

#[test]
fn foreign_objects_are_named_and_not_run() {
    let (module, name) = ("posix".to_owned(), "system".to_owned());
    let expected = PickleError::Global { module, name };
    for bytes in
        [&b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."[..], b"\x80\x04\x8c\x05posix\x8c\x06system\x93."]
    {
        assert_eq!(Pickle::read(bytes).unwrap_err(), expected);
    }
}

#[test]
fn what_is_no_pickle_is_told() {
    for (bytes, expected) in [
        (&b""[..], "ends in the middle"),
        (b"\x80\x02X\xff\xff\xff\xffabc", "ends in the middle"),
        (b"cno newline", "ends in the middle"),
        (b"I1\n.", "byte 0 is the instruction 0x49"),
        (b"(0.", "0x30 at byte 1"),
        (b"}K\x01a.", "0x61 at byte 3"),
        (b"h\x07.", "0x68 at byte 0"),
        (b"}(K\x01u.", "0x75 at byte 4"),
        (b"K\x01(\x85.", "0x85 at byte 3"),
        (b".", "0x2e at byte 0"),
    ] {
        let error = Pickle::read(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{bytes:?}: {error}");
    }
}

#[test]
fn doubling_and_nesting_cost_no_more_than_the_bytes() {
    // Each round makes a pair of the one before: 2^60000 values if they were copied.
    let mut bytes = b")".to_vec();
    (0..60_000).for_each(|_| bytes.extend(b"q\x00h\x00\x86"));
    bytes.push(b'.');
    assert_eq!(Pickle::read(&bytes).unwrap().values.len(), 60_001);
}

proptest! {
    #[test]
    fn any_instructions_give_values_or_an_error(bytes in prop::collection::vec(
        prop_oneof![prop::sample::select(b"()}]tdlsuaebqhjrRQNKJMGXUTCB0.\x80\x81\x85\x86\x87\x88\x8a\x8c\x93\x94\x95".to_vec()), 0..9u8],
        0..200,
    )) {
        let _ = Pickle::read(&bytes);
    }
}
