//! `glassbox export` and `glassbox import`: telemetry as OTLP JSON, one request per line.

mod lines;

use crate::{
    args::{Export, Import},
    backend::Backend,
    doctor,
    failure::Failure,
    plural::counted,
    signal::Signal,
    terminal::tell,
};
use glassbox_collector::BackendConfig;
use glassbox_config::Settings;
use lines::Lines;
use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
};

/// Writes stored traces.
///
/// # Errors
/// If there is no backend, it does not have a trace, or the output cannot be written.
pub(crate) async fn export(
    export: &Export,
    settings: &Settings,
    is_quiet: bool,
) -> Result<ExitCode, Failure> {
    let backend = connect(export.backend.as_deref(), settings).await?;
    let mut output: Option<Output> = None;
    for trace_id in &export.traces {
        let parameters = [("trace_id", trace_id.as_str())];
        let response = backend.download("/api/otel/export", &parameters).await?;
        let output = match &mut output {
            Some(output) => output,
            // Opened only now, so that a wrong id does not change an existing file.
            None => output.insert(Output::open(export.output.as_deref())?),
        };
        let mut body = response.into_body();
        while let Some(chunk) = body
            .chunk()
            .await
            .map_err(|error| Failure::from_error("the export ended early", &error))?
        {
            if !output.write(&chunk)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        output.write(b"\n")?;
    }
    if let Some(output) = &mut output {
        output.finish()?;
    }
    if !is_quiet {
        let traces = counted(export.traces.len() as u64, "trace");
        tell(&format!("exported {traces}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Sends the requests of a file to the backend.
///
/// # Errors
/// If the file cannot be read, a line is not an OTLP request, or the backend rejects one. The requests
/// before it are stored.
pub(crate) async fn import(
    import: &Import,
    settings: &Settings,
    is_quiet: bool,
) -> Result<ExitCode, Failure> {
    let name = import.file.display().to_string();
    let input: Box<dyn Read> = match name.as_str() {
        "-" => Box::new(io::stdin()),
        _ => Box::new(
            File::open(&import.file)
                .map_err(|error| Failure::from_error(&format!("cannot read {name}"), &error))?,
        ),
    };
    let backend = connect(import.backend.as_deref(), settings).await?;
    let mut lines = Lines::new(&name, BufReader::new(input));
    let mut sent = Signal::ALL.map(|signal| (signal, 0));
    while let Some((number, signal, line)) = lines.next()? {
        let path = format!("/v1/{}", signal.as_str());
        backend.upload(&path, line).await.map_err(|failure| {
            Failure::new(format!("{name}:{number} was not stored: {failure}"))
        })?;
        for (known, count) in &mut sent {
            *count += u64::from(*known == signal);
        }
    }
    let all: u64 = sent.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return Err(Failure::new(format!("{name} has no OTLP requests")));
    }
    if !is_quiet {
        let parts = sent.iter().filter(|(_, count)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(signal, count)| format!("{count} with {}", signal.as_str()))
            .collect();
        let requests = counted(all, "request");
        tell(&format!("imported {requests}: {}", parts.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

/// The named backend, or the backend on this machine.
async fn connect(page: Option<&str>, settings: &Settings) -> Result<Backend, Failure> {
    let config = settings
        .load::<BackendConfig>()
        .map_err(|error| Failure::from_error("invalid settings", &error))?;
    doctor::find_backend(page, Some(&config))
        .await
        .map_err(|why| {
            Failure::new(format!(
                "{why}; start one with 'glassbox up', or name it with --backend"
            ))
        })
}

/// The destination of an export.
struct Output {
    writer: BufWriter<Box<dyn Write>>,
    name: String,
}

impl Output {
    fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let (writer, name): (Box<dyn Write>, String) = match file {
            None => (Box::new(io::stdout()), "standard output".to_owned()),
            Some(path) => {
                let name = path.display().to_string();
                // Telemetry may contain message content, so only the owner may read the file.
                let mut options = OpenOptions::new();
                let opened = options.create(true).truncate(true).write(true).mode(0o600);
                let opened = opened.open(path);
                let file = opened.map_err(|error| {
                    Failure::from_error(&format!("cannot write {name}"), &error)
                })?;
                (Box::new(file), name)
            }
        };
        let writer = BufWriter::new(writer);
        Ok(Self { writer, name })
    }

    /// Writes a part. Returns whether the reader is still there.
    fn write(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        match self.writer.write_all(bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        match self.writer.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::from_error(&format!("cannot write {}", self.name), error)
    }
}
