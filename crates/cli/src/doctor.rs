//! `glassbox doctor`: sends test telemetry along the path from an application to the page, and reports
//! for each hop whether it works, or what is wrong and how to fix it.

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

use crate::{
    args::{Doctor, Output},
    backend::Backend,
    style::Style,
    terminal::print,
};
use backend::{ARRIVED, Known, Sent};
use delivery::Delivery;
use emission::Emission;
use finding::{Finding, Hop, Mark};
use glassbox_collector::{BackendConfig, Keys};
use glassbox_config::{Environment, Loaded, Settings, SettingsBuilder, SettingsError, Warning};
use glassbox_telemetry::TelemetryConfig;
use port::Surroundings;
use report::{Report, skipped};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};
use target::Target;

/// Timeout for a connection and for an answer over it.
const KNOCK: Duration = Duration::from_secs(5);

/// Checks the whole path and prints the findings.
pub(crate) async fn run(
    doctor: &Doctor,
    output: Output,
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
    let of_all = settings.as_ref().ok();
    let walk = Walk {
        doctor,
        environment,
        patience: Duration::from_secs(doctor.timeout),
        warnings: of_all.map_or_else(Vec::new, |settings| settings.warnings().to_vec()),
        collector: of_all.and_then(|settings| settings.load().ok()),
    };
    let telemetry = settings.and_then(|settings| settings.load::<TelemetryConfig>());
    let report = walk.all(telemetry).await;
    print(&match doctor.json {
        true => report.to_json(),
        false => {
            let style = Style::of_stdout(output.color, environment);
            report.to_text(style, start.elapsed(), output.quiet)
        }
    });
    report.exit_code()
}

/// The named backend, or the backend on this machine.
///
/// # Errors
/// If there is none; the text names the places that were checked.
pub(crate) async fn find_backend(
    page: Option<&str>,
    config: Option<&BackendConfig>,
) -> Result<Backend, String> {
    let known = match page {
        Some(page) => {
            let keys = config.and_then(|config| config.keys().ok());
            backend::at(page, keys.as_ref().and_then(Keys::first), KNOCK).await
        }
        None => backend::here(config, KNOCK).await,
    };
    known.map(|known| known.client)
}

/// The context of a run.
struct Walk<'a> {
    doctor: &'a Doctor,
    environment: &'a Environment,
    patience: Duration,
    /// Warnings from loading the settings.
    warnings: Vec<Warning>,
    /// The backend settings for this folder; `None` if they cannot be read.
    collector: Option<Loaded<BackendConfig>>,
}

impl Walk<'_> {
    async fn all(&self, settings: Result<Loaded<TelemetryConfig>, SettingsError>) -> Report {
        let mut report = Report::default();
        report.add(settings::unread(self.environment, &self.warnings));
        match &settings {
            Ok(settings) => report.add(settings::look(settings)),
            Err(error) => report.add(settings::unusable(error)),
        }
        let settings = settings.ok();
        let sending = settings
            .as_ref()
            .filter(|settings| !settings::is_silent(settings));
        let targets = sending.map_or_else(Vec::new, Target::all);
        let known = match self.find_backend().await {
            Ok(known) => {
                report.add(known.look());
                Some(known)
            }
            Err(why) => {
                report.add([self.no_backend(why)]);
                None
            }
        };
        match sending {
            Some(settings) => {
                self.send(settings, &targets, known.as_ref(), &mut report)
                    .await;
            }
            None => report.add(skipped([Hop::Application, Hop::Port, Hop::Collector])),
        }
        if let Some(known) = &known {
            let way_round = Self::way_round(known, &targets, &report);
            report.add(way_round);
        }
        report.add(self.arrivals(settings.as_ref(), known.as_ref()).await);
        report
    }

    /// The named backend, or the backend on this machine.
    async fn find_backend(&self) -> Result<Known, String> {
        let patience = KNOCK.min(self.patience);
        match &self.doctor.backend {
            Some(page) => {
                let config = self.collector.as_deref();
                let keys = config.and_then(|config| config.keys().ok());
                backend::at(page, keys.as_ref().and_then(Keys::first), patience).await
            }
            None => backend::here(self.collector.as_deref(), patience).await,
        }
    }

    /// Emits and sends test data and looks for it at the backend, as far as possible.
    async fn send(
        &self,
        settings: &Loaded<TelemetryConfig>,
        targets: &[Target],
        known: Option<&Known>,
        report: &mut Report,
    ) {
        let around = Surroundings {
            environment: self.environment,
            known,
            // Leaves time to try other protocols if the first one gets no answer.
            patience: KNOCK.min(self.patience / 3),
        };
        let mut is_open = true;
        for target in targets {
            let found = port::look(target, around).await;
            is_open &= found.mark != Mark::Broken;
            report.add([found]);
        }
        let of_ours = known.filter(|known| known.is_behind(targets));
        // A collector that does not answer is broken, even if the backend has not noticed yet.
        if !report.has_found(port::SILENT) {
            report.add(of_ours.map_or_else(Vec::new, Known::collector));
        }
        match Delivery::start(settings, targets, self.patience) {
            Ok(delivery) => {
                match Emission::within(self.patience).await {
                    Some(emission) => {
                        report.add([application::look(&emission, settings)]);
                        if is_open {
                            self.deliver(&delivery, &emission, known, report).await;
                        }
                    }
                    None => report.add([application::held_up(settings, self.patience)]),
                }
                delivery.end().await;
            }
            Err(finding) => {
                report.add([*finding]);
                report.add(skipped([Hop::Application]));
            }
        }
        if !report.has_looked_at(Hop::Collector) {
            report.add(skipped([Hop::Collector]));
        }
    }

    /// Exports the test data, and looks for it at the backend.
    async fn deliver(
        &self,
        delivery: &Delivery<'_>,
        emission: &Emission,
        known: Option<&Known>,
        report: &mut Report,
    ) {
        report.sent(&emission.trace_id);
        let exported = delivery.export(self.patience).await;
        let is_taken = exported
            .iter()
            .all(|finding| finding.mark != Mark::Broken || finding.code == delivery::SLOW_EXPORT);
        report.add(exported);
        if let Some(known) = known
            && is_taken
        {
            let sent = Sent {
                emission,
                instance: delivery.instance(),
                signals: &delivery.signals(),
                is_direct: known.is_behind(delivery.targets()),
                is_wanted: self.doctor.backend.is_some(),
            };
            report.add(known.await_arrival(&sent, self.patience).await);
        }
    }

    /// The finding for telemetry that does not go directly to the backend.
    fn way_round(known: &Known, targets: &[Target], report: &Report) -> Option<Finding> {
        // These findings already report it.
        match report.has_found("not_arrived") || report.has_found("another_backend") {
            true => None,
            false => known.another_collector(targets, report.has_found(ARRIVED)),
        }
    }

    async fn arrivals(
        &self,
        settings: Option<&Loaded<TelemetryConfig>>,
        known: Option<&Known>,
    ) -> Vec<Finding> {
        let Some(known) = known else {
            let what = "not checked: no backend to query";
            return vec![Finding::unknown(Hop::Arrivals, "not_checked", what)];
        };
        let set = settings.filter(|settings| !settings.origin("service_name").is_default());
        let set = set.map(|settings| settings.service_name.as_str());
        let default = TelemetryConfig::default();
        let question = arrivals::Question {
            service: self.doctor.service.as_deref().or(set),
            metric_interval: settings.map_or(default.metric_interval, |set| set.metric_interval),
        };
        arrivals::look(known, question, self.patience).await
    }

    fn no_backend(&self, why: String) -> Finding {
        match &self.doctor.backend {
            Some(_) => Finding::broken(
                Hop::Backend,
                "backend_unavailable",
                why,
                "start it with 'glassbox up', or pass the address of its page, which 'glassbox up' \
                 prints",
            ),
            None => Finding::unknown(Hop::Backend, "no_backend", why).fix(
                "pass the page of a backend with --backend URL, or start one with 'glassbox up'",
            ),
        }
    }
}
