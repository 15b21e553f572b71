//! The pickles of PyTorch checkpoints, read as data: nothing that they name is ever run.
//!
//! Values stand in one list and speak of each other by index. So a value that is referred to a thousand times is kept
//! once, and nesting of any depth costs no stack.

use std::collections::HashMap;

/// A pickle is refused beyond this; one of the largest network that can be imported has 100 kB.
pub const MAX_BYTES: u64 = 16 << 20;

/// Index of a [`Value`].
pub type Id = usize;

/// What is wrong with a pickle.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PickleError {
    /// It names a Python object that no state dict needs.
    #[error(
        "it asks for the Python object `{module}.{name}`, which is not run here; save the network's `state_dict()` alone"
    )]
    Global {
        /// Where Python would look for it.
        module: String,
        /// Its name there.
        name: String,
    },
    /// It ends too early.
    #[error("it ends in the middle")]
    Truncated,
    /// An instruction is unknown.
    #[error("byte {at} is the instruction {code:#04x}, which checkpoints do not have")]
    Instruction {
        /// The instruction.
        code: u8,
        /// Where it stands.
        at: usize,
    },
    /// An instruction does not find what it works on.
    #[error("the instruction {code:#04x} at byte {at} does not fit what stands before it")]
    Misplaced {
        /// The instruction.
        code: u8,
        /// Where it stands.
        at: usize,
    },
}

/// A Python object, as far as state dicts need it.
#[derive(Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// A tuple or a list.
    Sequence(Vec<Id>),
    /// A dict, ordered or not; of equal keys the last holds.
    Dict(Vec<(Id, Id)>),
    /// A known class or function.
    Global(String),
    /// What a function or class would make of these arguments.
    Call(Id, Id),
    /// What the identifier stands for outside the pickle: a storage.
    Persistent(Id),
    /// Anything else: none, truth values, floats, bytes.
    Other,
}

/// All values of a pickle.
#[derive(Debug)]
pub struct Pickle {
    values: Vec<Value>,
    root: Id,
}

impl Pickle {
    /// Reads a pickle of protocol 2 to 5.
    ///
    /// # Errors
    /// Names the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, PickleError> {
        let mut machine = Machine { bytes, ..Machine::default() };
        while machine.step()? {}
        let root = machine.pop()?;
        Ok(Self { values: machine.values, root })
    }

    /// The object that was saved.
    pub fn root(&self) -> Id {
        self.root
    }

    /// A value.
    ///
    /// # Panics
    /// If the index is of another pickle.
    pub fn value(&self, id: Id) -> &Value {
        &self.values[id]
    }
}

/// Python's unpickler with its stack and memo.
#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The instruction being carried out and where it stands.
    current: (u8, usize),
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Carries out one instruction; false after the last.
    fn step(&mut self) -> Result<bool, PickleError> {
        let at = self.at;
        let code = self.take(1)?[0];
        self.current = (code, at);
        match code {
            b'.' => return Ok(false),
            // Protocol and frame only tell the reader what comes.
            0x80 => self.skip(1)?,
            0x95 => self.skip(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'q' | b'r' | 0x94 => self.put()?,
            b'h' | b'j' => self.get()?,
            b'c' | 0x93 => self.global()?,
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments);
            }
            // State beside the content, such as the versions in an `OrderedDict`'s `_metadata`.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id));
            }
            b')' | b'}' | b']' | b't' | b'd' | b'l' | 0x85..=0x87 => self.container()?,
            b's' | b'u' | b'a' | b'e' => self.fill()?,
            _ => self.constant()?,
        }
        Ok(true)
    }

    /// Numbers, texts and what nobody asks for.
    fn constant(&mut self) -> Result<(), PickleError> {
        let value = match self.current.0 {
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.array()?))),
            b'K' => Value::Int(i64::from(self.array::<1>()?[0])),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.array()?))),
            0x8a => {
                let count = usize::from(self.array::<1>()?[0]);
                long(self.take(count)?)
            }
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            b'G' => self.other(8)?,
            b'N' | 0x88 | 0x89 => Value::Other,
            b'U' | b'C' => {
                let count = self.length(1)?;
                self.other(count)?
            }
            b'T' | b'B' => {
                let count = self.length(4)?;
                self.other(count)?
            }
            code => return Err(PickleError::Instruction { code, at: self.current.1 }),
        };
        self.push(value);
        Ok(())
    }

    /// Makes tuples, lists and dicts.
    fn container(&mut self) -> Result<(), PickleError> {
        let value = match self.current.0 {
            b')' | b']' => Value::Sequence(Vec::new()),
            b'}' => Value::Dict(Vec::new()),
            b'd' => Value::Dict(self.pairs()?),
            b't' | b'l' => Value::Sequence(self.pop_to_mark()?),
            code => {
                let start = self.stack.len().checked_sub(usize::from(code - 0x84)).filter(|at| *at >= self.floor());
                Value::Sequence(self.stack.split_off(start.ok_or_else(|| self.misplaced())?))
            }
        };
        self.push(value);
        Ok(())
    }

    /// Adds to the list or dict below.
    fn fill(&mut self) -> Result<(), PickleError> {
        let code = self.current.0;
        if matches!(code, b's' | b'u') {
            let added = if code == b'u' {
                self.pairs()?
            } else {
                let (value, key) = (self.pop()?, self.pop()?);
                vec![(key, value)]
            };
            let id = self.last()?;
            match &mut self.values[id] {
                Value::Dict(pairs) => pairs.extend(added),
                // Attributes of an object that nobody asks for.
                Value::Call(..) => {}
                _ => return Err(self.misplaced()),
            }
            return Ok(());
        }
        let added = if code == b'e' { self.pop_to_mark()? } else { vec![self.pop()?] };
        let id = self.last()?;
        let Value::Sequence(items) = &mut self.values[id] else { return Err(self.misplaced()) };
        items.extend(added);
        Ok(())
    }

    fn call(&mut self, callable: Id, arguments: Id) {
        let makes_dict = matches!(&self.values[callable], Value::Global(name) if name.starts_with("collections."));
        self.push(if makes_dict { Value::Dict(Vec::new()) } else { Value::Call(callable, arguments) });
    }

    fn global(&mut self) -> Result<(), PickleError> {
        let (module, name) = if self.current.0 == b'c' {
            (self.line()?, self.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            match (&self.values[module], &self.values[name]) {
                (Value::Text(module), Value::Text(name)) => (module.clone(), name.clone()),
                _ => return Err(self.misplaced()),
            }
        };
        if !is_known(&module, &name) {
            return Err(PickleError::Global { module, name });
        }
        self.push(Value::Global(format!("{module}.{name}")));
        Ok(())
    }

    fn put(&mut self) -> Result<(), PickleError> {
        let key = match self.current.0 {
            b'q' => u32::from(self.array::<1>()?[0]),
            b'r' => u32::from_le_bytes(self.array()?),
            _ => u32::try_from(self.memo.len()).map_err(|_| self.misplaced())?,
        };
        let id = self.last()?;
        self.memo.insert(key, id);
        Ok(())
    }

    fn get(&mut self) -> Result<(), PickleError> {
        let key = if self.current.0 == b'h' { self.array::<1>()?[0].into() } else { u32::from_le_bytes(self.array()?) };
        let id = *self.memo.get(&key).ok_or_else(|| self.misplaced())?;
        self.stack.push(id);
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.values.push(value);
        self.stack.push(self.values.len() - 1);
    }

    /// What stands below a mark is out of reach.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn last(&self) -> Result<Id, PickleError> {
        self.stack[self.floor()..].last().copied().ok_or_else(|| self.misplaced())
    }

    fn pop(&mut self) -> Result<Id, PickleError> {
        let id = self.last()?;
        self.stack.pop();
        Ok(id)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.misplaced())?;
        Ok(self.stack.split_off(mark))
    }

    fn pairs(&mut self) -> Result<Vec<(Id, Id)>, PickleError> {
        let items = self.pop_to_mark()?;
        let (pairs, rest) = items.as_chunks::<2>();
        if rest.is_empty() {
            Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
        } else {
            Err(self.misplaced())
        }
    }

    fn misplaced(&self) -> PickleError {
        PickleError::Misplaced { code: self.current.0, at: self.current.1 }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], PickleError> {
        let taken = self.bytes[self.at..].get(..count).ok_or(PickleError::Truncated)?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        self.take(N)?.try_into().map_err(|_| PickleError::Truncated)
    }

    fn skip(&mut self, count: usize) -> Result<(), PickleError> {
        self.take(count).map(drop)
    }

    fn other(&mut self, count: usize) -> Result<Value, PickleError> {
        self.skip(count)?;
        Ok(Value::Other)
    }

    /// A count that takes `bytes` bytes, one or four.
    fn length(&mut self, bytes: usize) -> Result<usize, PickleError> {
        Ok(if bytes == 1 { usize::from(self.array::<1>()?[0]) } else { u32::from_le_bytes(self.array()?) as usize })
    }

    fn text(&mut self, bytes: usize) -> Result<Value, PickleError> {
        let count = self.length(bytes)?;
        Ok(Value::Text(String::from_utf8_lossy(self.take(count)?).into_owned()))
    }

    fn line(&mut self) -> Result<String, PickleError> {
        let end = self.bytes[self.at..].iter().position(|b| *b == b'\n').ok_or(PickleError::Truncated)?;
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.skip(1)?;
        Ok(line)
    }
}

/// Python's long integers; those that do not fit are nothing that a state dict has.
fn long(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Other;
    }
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut whole = [if negative { 0xff } else { 0 }; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(whole))
}

/// What checkpoints hold: tensors and their storages, and beside them NumPy's numbers and PyTorch's small types.
fn is_known(module: &str, name: &str) -> bool {
    match module {
        "collections" => ["OrderedDict", "defaultdict"].contains(&name),
        "torch._utils" => ["_rebuild_tensor_v2", "_rebuild_parameter"].contains(&name),
        "torch" => name.ends_with("Storage") || ["Size", "device"].contains(&name),
        "numpy" => name == "dtype",
        "numpy.core.multiarray" | "numpy._core.multiarray" => name == "scalar",
        "_codecs" => name == "encode",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_protocols_2_and_4_are_read() {
        // pickletools.dis: {'a': (1, -2, 70000), 'b': [2**40]} with protocol 2, and the same with protocol 4.
        let second =
            b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x87q\x02X\x01\x00\x00\x00b\
            q\x03]q\x04\x8a\x06\x00\x00\x00\x00\x00\x01au.";
        let fourth = b"\x80\x04\x95\x22\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x87\x94\
            \x8c\x01b\x94]\x94\x8a\x06\x00\x00\x00\x00\x00\x01au.";
        for bytes in [&second[..], fourth] {
            let pickle = Pickle::read(bytes).unwrap();
            let Value::Dict(pairs) = pickle.value(pickle.root()) else { panic!("no dict") };
            let texts: Vec<_> = pairs.iter().map(|(key, _)| pickle.value(*key)).collect();
            assert_eq!(texts, [&Value::Text("a".into()), &Value::Text("b".into())]);
            let numbers = pairs.iter().flat_map(|(_, items)| match pickle.value(*items) {
                Value::Sequence(items) => items.iter().map(|id| pickle.value(*id)),
                _ => panic!("no sequence"),
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
}
