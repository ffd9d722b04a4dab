//! `offline-model --listen ADDR`

use clap::Parser;
use std::{
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
};
use tokio::net::TcpListener;

/// Answers as an OpenAI-Chat-compatible server, by rules over the tools' schemas.
#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4390")]
    listen: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed, the exit status still tells.
            let _ = writeln!(io::stderr(), "offline-model: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> io::Result<()> {
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        let address = args.listen;
        let message = format!("cannot listen on {address}: {error}; choose another --listen");
        io::Error::new(error.kind(), message)
    })?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "offline model at http://{address}/v1")?;
    offline_model::serve(listener, async {
        // Without a handler Ctrl-C still ends the process, only less politely.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
    .await
}
