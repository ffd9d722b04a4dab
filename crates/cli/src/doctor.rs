//! `glassbox doctor`: walks the way of telemetry from an application to its page with a span of its
//! own, and says for each hop whether it is well, or what is wrong and how to mend it.

mod application;
mod arrivals;
mod backend;
mod delivery;
mod emission;
mod finding;
mod port;
mod report;
mod settings;
mod target;

use crate::{args::Doctor, style::Style, terminal::print};
use backend::{Known, Sent};
use delivery::Delivery;
use finding::{Finding, Hop, Mark};
use glassbox_collector::BackendConfig;
use glassbox_config::{Environment, Loaded, Settings, SettingsBuilder, SettingsError};
use glassbox_telemetry::TelemetryConfig;
use port::Surroundings;
use report::{Report, skipped};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};
use target::{Signal, Target};

/// The most that a connection, or a word over one, is waited for.
const KNOCK: Duration = Duration::from_secs(5);

/// Walks the whole way and tells what was found.
pub(crate) async fn run(
    doctor: &Doctor,
    read: impl FnOnce(SettingsBuilder) -> Result<Settings, SettingsError>,
    environment: &Environment,
) -> ExitCode {
    let start = Instant::now();
    let explicit = Settings::builder()
        .flag(
            "telemetry.endpoint",
            doctor.endpoint.as_deref(),
            "--endpoint",
        )
        .flag(
            "telemetry.protocol",
            doctor.protocol.as_deref(),
            "--protocol",
        );
    let settings = read(explicit);
    let walk = Walk {
        doctor,
        environment,
        patience: Duration::from_secs(doctor.timeout),
        collector: settings
            .as_ref()
            .ok()
            .and_then(|settings| settings.load().ok()),
    };
    let telemetry = settings.and_then(|settings| settings.load::<TelemetryConfig>());
    let report = walk.all(telemetry).await;
    print(&match doctor.json {
        true => report.to_json(),
        false => {
            let no_colour = environment.get("NO_COLOR").is_some();
            let style = Style::of_stdout(no_colour, environment.get("COLUMNS"));
            report.to_text(style, start.elapsed())
        }
    });
    report.exit_code()
}

/// What the walk is made with.
struct Walk<'a> {
    doctor: &'a Doctor,
    environment: &'a Environment,
    patience: Duration,
    /// Where a backend of this folder would be; none where that cannot be read.
    collector: Option<Loaded<BackendConfig>>,
}

impl Walk<'_> {
    async fn all(&self, settings: Result<Loaded<TelemetryConfig>, SettingsError>) -> Report {
        let mut report = Report::default();
        let settings = match settings {
            Ok(settings) => settings,
            Err(error) => {
                report.add([settings::unusable(&error)]);
                report.add(skipped([Hop::Application, Hop::Port, Hop::Collector]));
                report.add(skipped([Hop::Backend, Hop::Arrivals]));
                return report;
            }
        };
        report.add(settings::look(&settings));
        let known = self.find_backend().await;
        if let Some(known) = &known {
            report.add(known.look(&Target::all(&settings)));
        }
        match settings::is_silent(&settings) {
            true => report.add(skipped([Hop::Application, Hop::Port, Hop::Collector])),
            false => self.send(&settings, known.as_ref(), &mut report).await,
        }
        self.look_at_arrivals(&settings, known.as_ref(), &mut report)
            .await;
        report
    }

    /// The backend that was named, or one that runs here.
    async fn find_backend(&self) -> Option<Known> {
        match &self.doctor.backend {
            Some(page) => backend::at(page).await,
            None => backend::here(self.collector.as_deref()).await,
        }
    }

    /// Emits, sends, and looks for it at the other end, as far as it gets.
    async fn send(
        &self,
        settings: &Loaded<TelemetryConfig>,
        known: Option<&Known>,
        report: &mut Report,
    ) {
        let targets = Target::all(settings);
        let around = Surroundings {
            environment: self.environment,
            known,
            patience: KNOCK.min(self.patience),
        };
        let mut is_open = true;
        for target in &targets {
            let found = port::look(target, around).await;
            is_open &= found.mark != Mark::Broken;
            report.add([found]);
        }
        let delivery = match Delivery::start(settings, &targets, self.patience) {
            Ok(delivery) => delivery,
            Err(finding) => {
                report.add([*finding]);
                report.add(skipped([Hop::Application, Hop::Collector]));
                return;
            }
        };
        let emission = delivery.emit();
        report.add([application::look(&emission, settings)]);
        let collector = known.filter(|known| known.is_behind(&targets));
        report.add(collector.and_then(Known::collector));
        if is_open {
            report.sent(&emission.trace_id);
            let exported = delivery.export(self.patience).await;
            let is_taken = exported.iter().all(|finding| {
                finding.mark != Mark::Broken || finding.code == delivery::SLOW_EXPORT
            });
            report.add(exported);
            if let Some(known) = known
                && is_taken
            {
                let sent = Sent {
                    emission: &emission,
                    instance: delivery.instance(),
                    signals: &Signal::sent(settings),
                    is_certain: self.doctor.backend.is_some() || known.is_behind(&targets),
                };
                report.add(known.await_arrival(&sent, self.patience).await);
            }
        } else if !report.has_looked_at(Hop::Collector) {
            report.add(skipped([Hop::Collector]));
        }
        delivery.end().await;
    }

    async fn look_at_arrivals(
        &self,
        settings: &Loaded<TelemetryConfig>,
        known: Option<&Known>,
        report: &mut Report,
    ) {
        let Some(known) = known else {
            report.add([self.no_backend()]);
            report.add([Finding::unknown(
                Hop::Arrivals,
                "not_looked_at",
                "not looked at: no backend tells",
            )]);
            return;
        };
        let set = !settings.origin("service_name").is_default();
        let question = arrivals::Question {
            service: self
                .doctor
                .service
                .as_deref()
                .or_else(|| set.then_some(settings.service_name.as_str())),
            metric_interval: settings.metric_interval,
        };
        report.add(arrivals::look(known, question).await);
    }

    fn no_backend(&self) -> Finding {
        match &self.doctor.backend {
            Some(page) => Finding::broken(
                Hop::Backend,
                "backend_away",
                format!("no backend answers at {page}"),
                "start it with 'glassbox up', or name the address of its page",
            ),
            None => Finding::unknown(
                Hop::Backend,
                "no_backend",
                "no Glassbox backend runs here, so whether anything arrives is not to be seen",
            )
            .mend("name the page of one with --backend URL, or start one with 'glassbox up'"),
        }
    }
}
