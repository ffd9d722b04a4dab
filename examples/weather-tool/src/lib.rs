//! Returns the current weather, from Open-Meteo over HTTPS. Without internet, it demonstrates a clear
//! error.

use glassbox::{Category, Cx, OrToolError, ToolError, Toolbox, instrument::HttpClient};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A free service that needs no key for non-commercial use; data under CC BY 4.0.
const OPEN_METEO: &str = "https://api.open-meteo.com";
const PATIENCE: Duration = Duration::from_secs(5);

/// The tool, ready to be hosted.
pub fn tool() -> Toolbox {
    Toolbox::new("weather-tool").with_tools(Weather::from_service(OPEN_METEO))
}

/// Asks a weather service.
#[derive(Debug)]
pub struct Weather {
    http: HttpClient,
    service: String,
}

impl Weather {
    /// Uses the service at this address, without a trailing slash.
    pub fn from_service(address: impl Into<String>) -> Self {
        Self {
            http: glassbox::http_client(),
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

/// The used part of Open-Meteo's response.
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

#[glassbox::tools]
impl Weather {
    /// Tells the weather now at a place (temperature, wind, sky), from latitude and longitude.
    ///
    /// # Errors
    /// If the service cannot be reached, or does not give an answer that can be read.
    #[tool(read_only, cost = cheap, timeout = "10s")]
    pub async fn weather(&self, cx: &Cx, query: Query) -> Result<Answer, ToolError> {
        let url = format!(
            "{}/v1/forecast?latitude={}&longitude={}&wind_speed_unit=ms\
             &current=temperature_2m,wind_speed_10m,weather_code",
            self.service, query.latitude, query.longitude
        );
        let request = self.http.get(&url).timeout(PATIENCE);
        let unreachable = format!(
            "the weather service at {} was not reached; this tool needs internet access",
            self.service
        );
        let response = request.send(cx).await;
        let response = response.or_unavailable("weather.unreachable", unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            let message = format!("the weather service answered with status {status}");
            let category = Category::from_status(status);
            return Err(ToolError::new(category, "weather.refused", message));
        }
        let forecast = response.json::<Forecast>().await;
        let Forecast { current } = forecast.or_internal(
            "weather.not_understood",
            "the weather service's answer was not understood",
        )?;
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
