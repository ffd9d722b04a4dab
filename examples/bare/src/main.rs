//! Serves the agent until SIGTERM or Ctrl-C: `bare [ADDRESS]`; `bare probe ADDRESS` checks whether it is
//! running.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let is_probe = arguments.next_if_eq("probe").is_some();
    let address = arguments.next().map(parse).transpose()?;
    if is_probe {
        let address = address.ok_or("say where: bare probe 127.0.0.1:8080")?;
        return Ok(glassbox_host::probe_at(address)?);
    }
    let mut host = bare::host();
    if let Some(address) = address {
        host = host.bind(address);
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

fn parse(address: String) -> Result<SocketAddr, String> {
    let parsed = address.parse();
    parsed.map_err(|_| format!("'{address}' is not an address; say 127.0.0.1:8080"))
}
