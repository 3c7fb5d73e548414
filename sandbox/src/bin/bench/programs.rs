//! The programs that are measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;

/// What boto3 users would install.
const PACKAGES: [&str; 2] = ["awslambdaric==4.2.2", "boto3==1.44.5"];

/// What they would write.
const PEERS: [(&str, &str); 3] = [
    ("boto3_adaptive.py", include_str!("peers/boto3_adaptive.py")),
    ("boto3_sequential.py", include_str!("peers/boto3_sequential.py")),
    ("boto3_threads.py", include_str!("peers/boto3_threads.py")),
];

/// A Lambda function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The one that this project is about.
    Function,
    /// Another build of it.
    Before,
    /// The article's way.
    Boto3Sequential,
    /// The same with threads.
    Boto3Threads,
    /// The same with botocore's adaptive retries.
    Boto3Adaptive,
    /// The smallest one that makes the same call.
    Smallest,
}

impl Program {
    /// What it is called in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Before => "before",
            Self::Boto3Sequential => "boto3-sequential",
            Self::Boto3Threads => "boto3-threads",
            Self::Boto3Adaptive => "boto3-adaptive",
            Self::Smallest => "smallest Lambda",
        }
    }
}

/// Where they are.
#[derive(Debug)]
pub struct Programs {
    /// The folder of the Rust programs.
    folder: PathBuf,
    /// Another build of the function.
    before: Option<PathBuf>,
    /// The Python interpreter that has boto3.
    python: PathBuf,
    /// The folder of the Python handlers.
    peers: PathBuf,
}

impl Programs {
    /// Builds the function for release beside this program, with its limits if they are wanted, and installs the peers.
    pub fn build(with_limits: bool, before: Option<PathBuf>) -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        let folder = program.parent().ok_or("this program has no folder")?.to_owned();
        if cfg!(debug_assertions) {
            return Err("a debug build measures nothing: run cargo bench-sandbox".into());
        }
        eprintln!("Building for release. The first time takes several minutes.");
        cargo(&["--bin", "bootstrap"])?;
        if with_limits {
            cargo(&["--package", "sandbox", "--features", "bench", "--bin", "bench-bare", "--bin", "bench-smallest"])?;
        }

        let bench = folder.parent().ok_or("this program is not in a target directory")?.join("bench");
        let (peers, environment) = (bench.join("peers"), bench.join("python"));
        std::fs::create_dir_all(&peers)?;
        for (name, text) in PEERS {
            std::fs::write(peers.join(name), text)?;
        }
        let python = environment.join("bin/python");
        install(&environment, &python)?;
        Ok(Self { folder, before, python, peers })
    }

    /// Whether another build of the function is there.
    pub fn has_before(&self) -> bool {
        self.before.is_some()
    }

    /// The program's path, arguments, and working directory.
    pub fn command(&self, program: Program) -> (PathBuf, Vec<String>, Option<PathBuf>) {
        let python = |handler: &str| {
            let arguments = ["-m", "awslambdaric", handler].map(str::to_owned).to_vec();
            (self.python.clone(), arguments, Some(self.peers.clone()))
        };
        match program {
            Program::Function => (self.folder.join("bootstrap"), Vec::new(), None),
            Program::Before => (self.before.clone().unwrap_or_default(), Vec::new(), None),
            Program::Smallest => (self.folder.join("bench-smallest"), Vec::new(), None),
            Program::Boto3Sequential => python("boto3_sequential.handler"),
            Program::Boto3Threads => python("boto3_threads.handler"),
            Program::Boto3Adaptive => python("boto3_adaptive.handler"),
        }
    }

    /// The folder of reports.
    pub fn reports(&self) -> PathBuf {
        self.peers.join("..")
    }

    /// The bare client.
    pub fn bare(&self) -> PathBuf {
        self.folder.join("bench-bare")
    }
}

fn cargo(arguments: &[&str]) -> Result<(), Failure> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--quiet", "--locked", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    succeed(cargo.args(arguments))
}

/// A virtual environment with the packages; one that has them is left alone.
fn install(environment: &Path, python: &Path) -> Result<(), Failure> {
    let mark = environment.join("installed");
    let packages = PACKAGES.join("\n");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == packages) {
        return Ok(());
    }
    eprintln!("Installing {}.", PACKAGES.join(" and "));
    succeed(Command::new("python3").args(["-m", "venv"]).arg(environment))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    succeed(Command::new(python).args(pip).args(PACKAGES))?;
    Ok(std::fs::write(mark, packages)?)
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}
