//! Serves the agent until SIGTERM or Ctrl-C: `bare [ADDRESS]`.

use std::{
    error::Error,
    io::{self, Write},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut host = bare::host();
    if let Some(address) = std::env::args().nth(1) {
        let parsed = address.parse();
        host = host.bind(
            parsed.map_err(|_| format!("'{address}' is not an address; say 127.0.0.1:8080"))?,
        );
    }
    let running = host.start().await?;
    writeln!(io::stdout(), "{}", running.endpoint())?;
    let report = running.until_signal().await?;
    writeln!(
        io::stdout(),
        "{} served, {} rejected, {} cut short",
        report.served(),
        report.rejected(),
        report.aborted()
    )?;
    Ok(())
}
