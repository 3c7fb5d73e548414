//! The models, a line each.

use super::{Embedding, Family, Life, Model, Tiers, Tools};

const REGIONS: &[&str] = &["us", "eu", "apac", "jp", "au", "global"];
const US: &[&str] = &["us"];

pub(super) const PLAIN: Model = Model {
    id: "",
    family: Family::Other,
    system: true,
    sampling: true,
    stop_sequences: true,
    tools: Tools::Forced,
    strict: false,
    format: false,
    effort: false,
    tiers: Tiers::Default,
    optimized: false,
    life: Life::Active,
    on_demand: true,
    profiles: &[],
};

// Claude: up to 4.1, from 4.5 to 4.6, and those that choose their sampling by themselves, which take no `strict`.
const CLAUDE: Model = Model { family: Family::Claude, on_demand: false, profiles: REGIONS, ..PLAIN };
const NATIVE_CLAUDE: Model = Model { format: true, strict: true, effort: true, ..CLAUDE };
const ADAPTIVE_CLAUDE: Model = Model { sampling: false, effort: true, ..CLAUDE };
const NATIVE_ADAPTIVE: Model = Model { format: true, ..ADAPTIVE_CLAUDE };
const ENDED_CLAUDE: Model = Model { life: Life::Ended, on_demand: true, ..CLAUDE };

const NOVA: Model = Model { family: Family::Nova, profiles: REGIONS, ..PLAIN };
const LLAMA: Model = Model { tools: Tools::Free, on_demand: false, profiles: REGIONS, ..PLAIN };
/// Open weights that answer to a schema.
const OPEN: Model = Model { format: true, ..PLAIN };
const OPEN_FLEX: Model = Model { tiers: Tiers::PriorityAndFlex, ..OPEN };
const GPT_OSS: Model = Model { effort: true, ..OPEN_FLEX };
const OLD: Model = Model { system: false, tools: Tools::None, ..PLAIN };
const NO_STOP: Model = Model { stop_sequences: false, on_demand: false, profiles: &["us", "global"], ..PLAIN };
const ENDED: Model = Model { life: Life::Ended, profiles: US, ..PLAIN };

pub(super) const MODELS: &[Model] = &[
    Model { id: "amazon.titan-text-express-v1", family: Family::Titan, life: Life::Article, ..OLD },
    Model { id: "ai21.j2-ultra-v1", family: Family::Jurassic, life: Life::Article, ..OLD },
    Model {
        id: "anthropic.claude-3-sonnet-20240229-v1:0",
        family: Family::Claude,
        life: Life::Article,
        profiles: REGIONS,
        ..PLAIN
    },
    Model { id: "amazon.titan-text-lite-v1", ..ENDED },
    Model { id: "amazon.titan-text-premier-v1:0", ..ENDED },
    Model { id: "ai21.j2-mid-v1", ..ENDED },
    Model { id: "anthropic.claude-v2", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-v2:1", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-instant-v1", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-haiku-20240307-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-opus-20240229-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-5-sonnet-20240620-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-5-sonnet-20241022-v2:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-5-haiku-20241022-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-7-sonnet-20250219-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-opus-4-20250514-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-sonnet-4-20250514-v1:0", ..ENDED_CLAUDE },
    Model { id: "amazon.nova-premier-v1:0", ..ENDED },
    Model { id: "cohere.command-r-v1:0", ..ENDED },
    Model { id: "cohere.command-r-plus-v1:0", ..ENDED },
    Model { id: "meta.llama3-1-405b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-1b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-3b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-11b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-90b-instruct-v1:0", ..ENDED },
    Model { id: "cohere.command-text-v14", ..OLD },
    Model { id: "cohere.command-light-text-v14", ..OLD },
    Model { id: "mistral.mistral-7b-instruct-v0:2", ..OLD },
    Model { id: "mistral.mixtral-8x7b-instruct-v0:1", ..OLD },
    Model { id: "anthropic.claude-opus-4-1-20250805-v1:0", ..CLAUDE },
    Model { id: "anthropic.claude-haiku-4-5-20251001-v1:0", optimized: true, ..NATIVE_CLAUDE },
    Model { id: "anthropic.claude-sonnet-4-5-20250929-v1:0", ..NATIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-4-5-20251101-v1:0", ..NATIVE_CLAUDE },
    Model { id: "anthropic.claude-sonnet-4-6", ..NATIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-4-6-v1", ..NATIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-4-7", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-4-8", ..NATIVE_ADAPTIVE },
    Model { id: "anthropic.claude-sonnet-5", ..NATIVE_ADAPTIVE },
    Model { id: "anthropic.claude-sonnet-5-5", tools: Tools::Free, ..NATIVE_ADAPTIVE },
    Model { id: "anthropic.claude-opus-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-5-5", tools: Tools::Free, ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-haiku-5-5", optimized: true, ..NATIVE_ADAPTIVE },
    Model { id: "anthropic.claude-fable-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-fable-5-1", tools: Tools::Free, ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-mythos-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-mythos-5-1", ..NATIVE_ADAPTIVE },
    Model { id: "amazon.nova-micro-v1:0", ..NOVA },
    Model { id: "amazon.nova-lite-v1:0", ..NOVA },
    Model { id: "amazon.nova-pro-v1:0", tiers: Tiers::PriorityAndFlex, optimized: true, ..NOVA },
    Model { id: "amazon.nova-2-lite-v1:0", tiers: Tiers::PriorityAndFlexInUs, on_demand: false, ..NOVA },
    Model { id: "amazon.titan-embed-text-v2:0", family: Family::Embedding(Embedding::Titan), ..PLAIN },
    Model { id: "cohere.embed-english-v3", family: Family::Embedding(Embedding::CohereV3), ..PLAIN },
    Model { id: "cohere.embed-multilingual-v3", family: Family::Embedding(Embedding::CohereV3), ..PLAIN },
    Model {
        id: "cohere.embed-v4:0",
        family: Family::Embedding(Embedding::CohereV4),
        profiles: &["us", "eu", "global"],
        ..PLAIN
    },
    Model { id: "amazon.nova-2-multimodal-embeddings-v1:0", family: Family::Embedding(Embedding::Nova), ..PLAIN },
    Model { id: "meta.llama3-3-70b-instruct-v1:0", optimized: true, ..LLAMA },
    Model { id: "meta.llama4-maverick-17b-instruct-v1:0", ..LLAMA },
    Model { id: "meta.llama4-scout-17b-instruct-v1:0", ..LLAMA },
    Model { id: "deepseek.r1-v1:0", tools: Tools::None, on_demand: false, profiles: REGIONS, ..PLAIN },
    Model { id: "deepseek.v3-v1:0", ..OPEN },
    Model { id: "deepseek.v3.2", ..OPEN_FLEX },
    Model { id: "google.gemma-3-12b-it", ..OPEN_FLEX },
    Model { id: "google.gemma-3-27b-it", ..OPEN_FLEX },
    Model { id: "minimax.minimax-m2", ..OPEN_FLEX },
    Model { id: "mistral.mistral-large-3-675b-instruct", ..OPEN_FLEX },
    Model { id: "mistral.ministral-3-3b-instruct", ..OPEN_FLEX },
    Model { id: "mistral.ministral-3-8b-instruct", ..OPEN_FLEX },
    Model { id: "mistral.ministral-3-14b-instruct", ..OPEN_FLEX },
    Model { id: "qwen.qwen3-32b-v1:0", ..OPEN_FLEX },
    Model { id: "qwen.qwen3-235b-a22b-2507-v1:0", ..OPEN_FLEX },
    Model { id: "qwen.qwen3-next-80b-a3b", ..OPEN_FLEX },
    Model { id: "qwen.qwen3-coder-30b-a3b-v1:0", tiers: Tiers::Priority, ..OPEN },
    Model { id: "openai.gpt-oss-20b-1:0", ..GPT_OSS },
    Model { id: "openai.gpt-oss-120b-1:0", ..GPT_OSS },
    Model { id: "openai.gpt-5.6", ..NO_STOP },
    Model { id: "openai.gpt-6", ..NO_STOP },
    Model { id: "moonshotai.kimi-k3", tiers: Tiers::PriorityAndFlex, ..PLAIN },
    Model { id: "zai.glm-5", tiers: Tiers::Priority, ..OPEN },
    Model { id: "xai.grok-4.6", ..NO_STOP },
    Model { id: "xai.grok-4.7", ..NO_STOP },
];
