//! Where the figures come from, for those who read them later.

use serde_json::{Value, json};

/// Processor, memory, system and build.
pub(crate) fn facts() -> Value {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory_kib = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    json!({
        "cpu": field("/proc/cpuinfo", "model name"),
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "memory_gib": memory_kib.map(|kib| kib.div_ceil(1 << 20)),
        "system": std::fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| format!("Linux {}", text.trim())),
        "build": if cfg!(debug_assertions) { "debug" } else { "release" },
    })
}

/// The same as one line.
pub(crate) fn line(facts: &Value) -> String {
    let text = |name: &str| match &facts[name] {
        Value::Null => "?".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{} cores of {}, {} GiB, {}, {} build", text("cores"), text("cpu"), text("memory_gib"), text("system"), text("build"))
}
