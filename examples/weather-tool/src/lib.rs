//! Tells the weather now, from Open-Meteo over HTTPS. Without internet its clear error is the point.

use glassbox_core::{Category, CostClass, Cx, Effect, ToolError, Toolbox, TypedTool, async_trait};
use glassbox_instrument::HttpClient;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A free service that needs no key for non-commercial use; data under CC BY 4.0.
const OPEN_METEO: &str = "https://api.open-meteo.com";
const PATIENCE: Duration = Duration::from_secs(5);

/// The tool, ready to be hosted.
pub fn tool() -> Toolbox {
    Toolbox::new("weather-tool").with(Weather::from_service(OPEN_METEO))
}

/// `weather`: the weather now at a place.
#[derive(Debug)]
pub struct Weather {
    http: HttpClient,
    service: String,
}

impl Weather {
    /// Asks the service at this address, without a slash at its end.
    pub fn from_service(address: impl Into<String>) -> Self {
        Self {
            http: HttpClient::new(),
            service: address.into(),
        }
    }
}

/// Where.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Query {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
}

/// The weather now.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// Degrees Celsius, two metres above the ground.
    pub temperature_celsius: f64,
    /// Metres per second, ten metres above the ground.
    pub wind_speed: f64,
    /// In words, such as "light snow".
    pub weather: String,
}

/// What Open-Meteo answers, as far as it is read.
#[derive(Deserialize)]
struct Forecast {
    current: Current,
}

#[derive(Deserialize)]
struct Current {
    temperature_2m: f64,
    wind_speed_10m: f64,
    weather_code: u8,
}

#[async_trait]
impl TypedTool for Weather {
    type Input = Query;
    type Output = Answer;
    const NAME: &'static str = "weather";
    const DESCRIPTION: &'static str =
        "Tells the weather now at a place (temperature, wind, sky), from latitude and longitude.";
    const EFFECT: Effect = Effect::ReadOnly;
    const COST: CostClass = CostClass::Cheap;
    const TIMEOUT: Duration = Duration::from_secs(10);

    async fn call(&self, cx: &Cx, query: Query) -> Result<Answer, ToolError> {
        let url = format!(
            "{}/v1/forecast?latitude={}&longitude={}&wind_speed_unit=ms\
             &current=temperature_2m,wind_speed_10m,weather_code",
            self.service, query.latitude, query.longitude
        );
        let request = self.http.get(&url).timeout(PATIENCE);
        let response = request.send(cx).await.map_err(|error| {
            let message = format!(
                "the weather service at {} was not reached; this tool needs internet access",
                self.service
            );
            ToolError::new(Category::Unavailable, "weather.unreachable", message).with_source(error)
        })?;
        let status = response.status().as_u16();
        if status != 200 {
            let message = format!("the weather service answered with status {status}");
            let category = Category::from_status(status);
            return Err(ToolError::new(category, "weather.refused", message));
        }
        let forecast: Forecast = response.json().await.map_err(|error| {
            let message = "the weather service's answer was not understood";
            ToolError::new(Category::Internal, "weather.not_understood", message).with_source(error)
        })?;
        let current = forecast.current;
        Ok(Answer {
            temperature_celsius: current.temperature_2m,
            wind_speed: current.wind_speed_10m,
            weather: in_words(current.weather_code).to_owned(),
        })
    }
}

/// WMO weather interpretation codes, as Open-Meteo documents them.
fn in_words(code: u8) -> &'static str {
    match code {
        0 => "clear sky",
        1 => "mainly clear",
        2 => "partly cloudy",
        3 => "overcast",
        45 | 48 => "fog",
        51..=57 => "drizzle",
        61 | 80 => "light rain",
        63 | 81 => "rain",
        65 | 82 => "heavy rain",
        66 | 67 => "freezing rain",
        71 | 85 => "light snow",
        73 => "snow",
        75 | 86 => "heavy snow",
        77 => "snow grains",
        95..=99 => "thunderstorm",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests;
