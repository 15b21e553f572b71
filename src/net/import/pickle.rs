//! The pickles of PyTorch checkpoints, read as data: nothing that they name is ever run.
//!
//! Values stand in one list and speak of each other by index. So a value that is referred to a thousand times is kept
//! once, and nesting of any depth costs no stack.

mod input;

use std::collections::HashMap;

use self::input::Input;

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
        let mut machine = Machine { input: Input { bytes, at: 0 }, ..Machine::default() };
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
    input: Input<'a>,
    /// The instruction being carried out and where it stands.
    current: (u8, usize),
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl Machine<'_> {
    /// Carries out one instruction; false after the last.
    fn step(&mut self) -> Result<bool, PickleError> {
        let at = self.input.at;
        let code = self.input.byte()?;
        self.current = (code, at);
        match code {
            b'.' => return Ok(false),
            // Protocol and frame only tell the reader what comes.
            0x80 => self.input.skip(1)?,
            0x95 => self.input.skip(8)?,
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
        let input = &mut self.input;
        let value = match self.current.0 {
            b'J' => Value::Int(i32::from_le_bytes(input.array()?).into()),
            b'K' => Value::Int(input.byte()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(input.array()?).into()),
            0x8a => input.long()?.map_or(Value::Other, Value::Int),
            b'X' => Value::Text(input.text(4)?),
            0x8c => Value::Text(input.text(1)?),
            b'N' | 0x88 | 0x89 => Value::Other,
            code => {
                let count = match code {
                    b'G' => 8,
                    b'U' | b'C' => input.length(1)?,
                    b'T' | b'B' => input.length(4)?,
                    _ => return Err(PickleError::Instruction { code, at: self.current.1 }),
                };
                input.skip(count)?;
                Value::Other
            }
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
            if let Value::Dict(pairs) = &mut self.values[id] {
                pairs.extend(added);
            } else if !matches!(self.values[id], Value::Call(..)) {
                // Only objects have attributes, for which nobody asks.
                return Err(self.misplaced());
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
            (self.input.line()?, self.input.line()?)
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
            b'q' => self.input.byte()?.into(),
            b'r' => u32::from_le_bytes(self.input.array()?),
            _ => u32::try_from(self.memo.len()).map_err(|_| self.misplaced())?,
        };
        let id = self.last()?;
        self.memo.insert(key, id);
        Ok(())
    }

    fn get(&mut self) -> Result<(), PickleError> {
        let short = self.current.0 == b'h';
        let key = if short { self.input.byte()?.into() } else { u32::from_le_bytes(self.input.array()?) };
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
}

/// What checkpoints hold: tensors and their storages, and beside them `NumPy`'s numbers and PyTorch's small types.
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
mod tests;
