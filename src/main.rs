//! The `hairline` binary; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    hairline::cli::main()
}
