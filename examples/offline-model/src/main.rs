//! `offline-model --listen ADDR`

use clap::Parser;
use std::{
    io::{self, Write},
    net::SocketAddr,
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
async fn main() -> io::Result<()> {
    let args = Args::parse();
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        let message = format!(
            "cannot listen on {}: {error}; choose another --listen",
            args.listen
        );
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
