//! Serves Bedrock and Location on loopback until its standard input ends, or SIGTERM or Ctrl-C comes.
//!
//! It prints the environment that leads an SDK here, one `export` a line: `eval` them, or read them from a pipe.
//! A shell gives a background job an empty standard input, which ends at once: give it a pipe.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::io::{Read, Write};

use sandbox::aws::{Aws, AwsOptions};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut options = AwsOptions::default();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--end-of-life" => options.end_of_life = true,
            other => {
                let message = format!("unknown argument {other:?}; the only one is --end-of-life");
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message));
            }
        }
    }
    let aws = Aws::start(options).await?;
    for (name, value) in aws.env() {
        println!("export {name}={value}");
    }
    std::io::stdout().flush()?;

    // A thread of its own: a read from standard input cannot be cancelled, and would keep the runtime from ending.
    let (ended, end_of_input) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // An error is an end, too.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = end_of_input => {}
        _ = terminate.recv() => {}
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    Ok(())
}
