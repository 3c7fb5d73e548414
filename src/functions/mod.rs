//! What SQL calls by name: the list, and a file for each function.
//!
//! A new function is one file and one line in [`Functions::new`].

mod address;
mod ask_bedrock;
mod ask_model;
mod checked_text;
mod classify_text;
mod embed_text;
mod extract_fields;
mod filter_text;
mod geocode;
mod get_coordinate;
mod model_options;
mod models;
mod moderate_text;
mod place_options;
mod redact_pii;
mod redaction;
mod reverse_geocode;
mod sentiment;
mod suggest_address;
mod try_form;

use std::sync::Arc;

pub use ask_bedrock::AskBedrock;
pub use ask_model::Models;
pub use classify_text::ClassifyText;
pub use embed_text::EmbedText;
pub use extract_fields::ExtractFields;
pub use filter_text::FilterText;
pub use geocode::Geocode;
pub use get_coordinate::GetCoordinate;
pub use models::ModelPatterns;
pub use moderate_text::ModerateText;
pub use redact_pii::RedactPii;
pub use reverse_geocode::ReverseGeocode;
pub use sentiment::Sentiment;
pub use suggest_address::SuggestAddress;
pub use try_form::Try;

use crate::bedrock::Bedrock;
use crate::function::Function;
use crate::location::Location;

/// The functions, by name.
pub struct Functions(Vec<Arc<dyn Function>>);

/// Another list than that of [`Functions::new`].
impl FromIterator<Arc<dyn Function>> for Functions {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Function>>>(functions: I) -> Self {
        Self(functions.into_iter().collect())
    }
}

impl Functions {
    /// The list, over these services; SQL may name the models that `allowed` matches.
    pub fn new(bedrock: Bedrock, allowed: ModelPatterns, location: Location) -> Self {
        let (bedrock, allowed, location) = (Arc::new(bedrock), Arc::new(allowed), Arc::new(location));
        let models = || Models::new(Arc::clone(&bedrock), Arc::clone(&allowed));
        let functions: Vec<Arc<dyn Function>> = vec![
            Arc::new(AskBedrock::new(models())),
            Arc::new(ClassifyText::new(models())),
            Arc::new(ExtractFields::new(models())),
            Arc::new(FilterText::new(models())),
            Arc::new(Sentiment::new(models())),
            Arc::new(EmbedText::new(Arc::clone(&bedrock), allowed)),
            Arc::new(RedactPii::new(Arc::clone(&bedrock))),
            Arc::new(ModerateText::new(bedrock)),
            Arc::new(GetCoordinate::new(Arc::clone(&location))),
            Arc::new(Geocode::new(Arc::clone(&location))),
            Arc::new(ReverseGeocode::new(Arc::clone(&location))),
            Arc::new(SuggestAddress::new(location)),
        ];
        let both = |function: Arc<dyn Function>| [Arc::clone(&function), Arc::new(Try::new(function))];
        Self(functions.into_iter().flat_map(both).collect())
    }

    /// The function of that name.
    ///
    /// # Errors
    ///
    /// A sentence that lists the names there are.
    pub fn find(&self, name: &str) -> Result<&dyn Function, String> {
        self.0.iter().map(AsRef::as_ref).find(|function| function.name() == name).ok_or_else(|| {
            let names: Vec<_> = self.0.iter().map(|function| function.name()).collect();
            // The name is the caller's own, but it is of any length.
            let asked: String = name.chars().take(64).collect();
            format!("there is no function {asked:?}; the functions are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_config::SdkConfig;

    use super::*;
    use crate::bedrock::Prices;
    use crate::function::{Argument, Caller, Kind, Parameter, Rendering, Row};
    use crate::location::IntendedUse;

    fn functions(intended_use: IntendedUse) -> Functions {
        let config = SdkConfig::builder().build();
        let location = Location::new(None, intended_use, 100, config.clone());
        Functions::new(Bedrock::new(config, Prices::default()), ModelPatterns::default(), location)
    }

    #[test]
    fn what_the_terms_forbid_to_keep_is_not_kept() {
        let forbidden = |intended_use| {
            let names = |function: &Arc<dyn Function>| (!function.may_be_kept()).then(|| function.name().to_owned());
            functions(intended_use).0.iter().filter_map(names).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            forbidden(IntendedUse::SingleUse),
            "get_coordinate try_get_coordinate geocode try_geocode reverse_geocode try_reverse_geocode suggest_address try_suggest_address"
        );
        assert_eq!(forbidden(IntendedUse::Storage), "suggest_address try_suggest_address");
    }

    #[test]
    fn for_how_long_an_answer_is_shared_makes_no_other_question_of_any_function() {
        let functions = functions(IntendedUse::Storage);
        let mut with_options = 0;
        for function in functions.0.iter().filter(|one| one.parameters().iter().any(|one| one.name == "options")) {
            let question = |options: &str| {
                let argument = |parameter: &Parameter| match (parameter.name, parameter.kind) {
                    ("options", _) => Argument::object(options).unwrap(),
                    ("model_id", _) if function.name().ends_with("embed_text") => {
                        Argument::Text("amazon.titan-embed-text-v2:0".into())
                    }
                    ("model_id", _) => Argument::Text("us.amazon.nova-lite-v1:0".into()),
                    (_, Kind::Text) => Argument::Text("text".into()),
                    (_, Kind::Number) => Argument::Number("1".into()),
                    (_, Kind::Object) => Argument::object(r#"{"a": "what it is"}"#).unwrap(),
                    (_, Kind::Json) => Argument::json(r#"["a", "b"]"#).unwrap(),
                };
                let arguments: Vec<_> = function.parameters().iter().map(argument).collect();
                let job = function.prepare(Row::new(&arguments, Caller::default())).unwrap();
                job.question.unwrap().iter().map(|part| part.to_string()).collect::<Vec<_>>()
            };
            assert_eq!(question("{}"), question(r#"{"shared_answers_hours":1}"#), "{}", function.name());
            with_options += 1;
        }
        assert_eq!(with_options, 22);
    }

    const SETUP: &str = include_str!("../../sql/setup.sql");
    const TEARDOWN: &str = include_str!("../../sql/teardown.sql");

    /// The name of a signature, and its arguments.
    fn signature(text: &str) -> (&str, Vec<&str>) {
        let (name, rest) = text.split_once('(').unwrap();
        (name, rest.split_once(')').unwrap().0.split(", ").collect())
    }

    #[test]
    fn snowflake_is_told_of_each_function_with_the_arguments_that_it_takes() {
        let functions = functions(IntendedUse::Storage);
        let mut told: Vec<(&str, usize)> = Vec::new();
        for statement in SETUP.split("\nCREATE OR ALTER SECURE EXTERNAL FUNCTION ").skip(1) {
            let (name, arguments) = signature(statement);
            let function = functions.find(name).unwrap();
            let parameters = function.parameters();
            let least = parameters.iter().filter(|parameter| !parameter.optional).count();
            assert!((least..=parameters.len()).contains(&arguments.len()), "{name}: {arguments:?}");
            for (argument, parameter) in arguments.iter().zip(parameters) {
                let kinds: &[&str] = match parameter.kind {
                    Kind::Text => &["VARCHAR"],
                    Kind::Number => &["FLOAT"],
                    Kind::Object => &["OBJECT"],
                    Kind::Json => &["OBJECT", "ARRAY"],
                };
                let is_it = |kind: &&str| *argument == format!("{} {kind}", parameter.name);
                assert!(kinds.iter().any(is_it), "{name}: {argument}");
            }
            let is_envelope = function.rendering() == Rendering::Envelope;
            assert!(!is_envelope || statement.contains("\n  RETURNS OBJECT\n"), "{name}");
            assert!(statement.contains(&format!("\n  AS '<% api_url %>/{name}';")), "{name}");
            told.push((name, arguments.len()));
        }
        for function in &functions.0 {
            let parameters = function.parameters();
            for count in (0..=parameters.len()).filter(|count| parameters[*count..].iter().all(|one| one.optional)) {
                assert!(told.contains(&(function.name(), count)), "{} with {count}", function.name());
            }
        }
    }

    #[test]
    fn each_form_is_granted_once_after_it_is_created_and_is_dropped() {
        let types = |text: &str| {
            let (name, arguments) = signature(text);
            let of = |argument: &&str| argument.rsplit(' ').next().unwrap().to_owned();
            format!("{name}({})", arguments.iter().map(of).collect::<Vec<_>>().join(", "))
        };
        let forms = |sql: &str, statement: &str| {
            let mut forms: Vec<_> = sql.split(statement).skip(1).map(types).collect();
            forms.sort();
            forms
        };
        let created = forms(SETUP, "\nCREATE OR ALTER SECURE EXTERNAL FUNCTION ");
        assert_eq!(forms(SETUP, "\nGRANT USAGE ON FUNCTION "), created);
        assert_eq!(forms(TEARDOWN, "\nDROP FUNCTION IF EXISTS "), created);
        assert_eq!(created.len(), SETUP.matches(" EXTERNAL FUNCTION ").count(), "one is not OR ALTER, or not SECURE");
        assert!(SETUP.rfind("\nCREATE ").unwrap() < SETUP.find("\nGRANT ").unwrap());
    }

    #[test]
    fn a_try_form_has_the_name_and_everything_else_of_its_function() {
        let functions = functions(IntendedUse::Storage);
        let is_try = |function: &&Arc<dyn Function>| function.rendering() == Rendering::Envelope;
        let tries: Vec<_> = functions.0.iter().filter(is_try).collect();
        assert_eq!(tries.len(), 12);
        for try_form in tries {
            let of = functions.find(try_form.name().strip_prefix("try_").unwrap()).unwrap();
            assert_ne!(of.rendering(), Rendering::Envelope);
            assert_eq!(of.parameters(), try_form.parameters());
        }
        assert!(functions.find("try_nothing").is_err_and(|error| error.contains("try_geocode")));
    }
}
