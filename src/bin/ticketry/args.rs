//! The arguments.

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use ticketry::diagnostic::Lang;
use ticketry::insight::Drawing;

const CODES: &str = "Exit codes: 0 all is well; 1 something is wrong with the playbook; 2 the command could not be done.\n\
退出码：0 正常；1 配置包有问题；2 命令无法执行。\n\
Colours only on a terminal, never with NO_COLOR. 仅在终端着色，设置 NO_COLOR 则不着色。";

/// Check, test and explain Ticketry playbooks 检查、测试、解释工单配置包
#[derive(Debug, Parser)]
#[command(name = "ticketry", version, after_help = CODES, arg_required_else_help = true)]
pub struct Args {
    /// Language of what is printed 输出语言
    #[arg(long, global = true, value_enum, default_value_t = Language::En)]
    pub lang: Language,
    /// What to do
    #[command(subcommand)]
    pub what: What,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Every problem of a playbook at once, with its place 检查配置包
    Check(Check),
    /// What a code of an error or a warning means; without one, all codes 解释错误和警告的代码
    Code(Code),
    /// Run the playbook's tests: tests/*.rhai, and tests beside rules 运行测试
    Test(Test),
    /// What every rule makes of one ticket, written as JSON 解释一张工单
    Explain(Explain),
    /// Draw a workflow, or which rule wakes which 绘制流程图或规则图
    Graph(Graph),
    /// What changed from one playbook to another, and what needs a map 比较两个配置包
    Diff(Diff),
    /// What would differ if a past were done again under this playbook 用配置包重放历史
    Replay(Replay),
    /// Write definitions for editors (.d.rhai) and a reference (.md) 生成编辑器定义和参考
    Definitions(Definitions),
    /// Every key of a kind of file, with comments; without one, the kinds 列出某类文件的全部键及说明
    Reference(Reference),
    /// Begin a playbook: a folder that passes check and test 新建配置包
    New(New),
    /// Write the journals of a store file as JSON lines, for replay 导出操作日志
    Export(Export),
}

/// A language.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// 中文
    Zh,
}

impl From<Language> for Lang {
    fn from(l: Language) -> Self {
        match l {
            Language::En => Self::En,
            Language::Zh => Self::Zh,
        }
    }
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people 供人阅读
    Text,
    /// For programs 供程序读取
    Json,
}

/// `check`.
#[derive(Debug, Group)]
pub struct Check {
    /// The playbook's folder 配置包文件夹
    pub folder: PathBuf,
    /// How to print 输出格式
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Warnings are problems too: exit with 1 有警告也以 1 退出
    #[arg(long)]
    pub strict: bool,
}

/// `code`.
#[derive(Debug, Group)]
pub struct Code {
    /// The code, as it stands in brackets: error[dead-end] 方括号中的代码
    pub code: Option<String>,
}

/// `test`.
#[derive(Debug, Group)]
pub struct Test {
    /// The playbook's folder 配置包文件夹
    pub folder: PathBuf,
    /// Only tests whose name or file contains this 只运行名称或文件含此文本的测试
    #[arg(long)]
    pub filter: Option<String>,
    /// Say which rules and which parts of their conditions never matched 列出从未命中的规则和条件
    #[arg(long)]
    pub coverage: bool,
    /// How to print 输出格式
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `explain`.
#[derive(Debug, Group)]
pub struct Explain {
    /// The playbook's folder 配置包文件夹
    pub folder: PathBuf,
    /// The ticket as a JSON file; - reads standard input 工单的 JSON 文件，- 为标准输入
    pub ticket: PathBuf,
    /// How to print 输出格式
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `graph`.
#[derive(Debug, Group)]
pub struct Graph {
    /// The playbook's folder 配置包文件夹
    pub folder: PathBuf,
    /// Which rule wakes which 规则之间的触发关系
    #[arg(long, conflicts_with = "workflow")]
    pub rules: bool,
    /// The workflow of this name; all of them if none is named 指定流程，默认全部
    #[arg(long)]
    pub workflow: Option<String>,
    /// Which notation 图形语言
    #[arg(long, value_enum, default_value_t = Notation::Mermaid)]
    pub format: Notation,
    /// Journals as JSON lines (see export): how many tickets went which way, and how long they stayed 操作日志（JSON 行）：叠加各流转的工单数与停留时长
    #[arg(long, conflicts_with = "rules")]
    pub journal: Option<PathBuf>,
    /// The life of the ticket of this number as a sequence, instead of workflows 指定编号工单的时序图
    #[arg(long, requires = "journal", conflicts_with = "workflow")]
    pub ticket: Option<u64>,
}

/// A notation for drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Notation {
    /// Mermaid
    Mermaid,
    /// Graphviz
    Dot,
    /// SVG, one workflow a picture
    Svg,
}

impl From<Notation> for Drawing {
    fn from(n: Notation) -> Self {
        match n {
            Notation::Mermaid => Self::Mermaid,
            Notation::Dot => Self::Dot,
            Notation::Svg => Self::Svg,
        }
    }
}

/// `diff`.
#[derive(Debug, Group)]
pub struct Diff {
    /// The folder of the playbook before 旧配置包文件夹
    pub old: PathBuf,
    /// The folder of the playbook after 新配置包文件夹
    pub new: PathBuf,
    /// How to print 输出格式
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Exit with 1 if a change needs a map that the new playbook does not bring 有变更缺少映射则以 1 退出
    #[arg(long)]
    pub mapped: bool,
}

/// `replay`.
#[derive(Debug, Group)]
pub struct Replay {
    /// The candidate playbook's folder 候选配置包文件夹
    pub folder: PathBuf,
    /// Journals as JSON lines (see export), or an event log: .csv, .csv.gz 操作日志（JSON 行）或事件日志（.csv、.csv.gz）
    pub past: PathBuf,
    /// How an event log becomes commands 事件日志的映射文件
    #[arg(long)]
    pub map: Option<PathBuf>,
    /// The playbook to compare with; for an event log the map's own unless given 对照配置包，事件日志默认取映射文件所指
    #[arg(long)]
    pub against: Option<PathBuf>,
    /// Requesters' records as a JSON file: { "ann": { "tier": "gold" } } 请求人资料的 JSON 文件
    #[arg(long)]
    pub customers: Option<PathBuf>,
    /// Say which rules and which parts of their conditions never matched 列出从未命中的规则和条件
    #[arg(long)]
    pub coverage: bool,
    /// Exit with 1 if anything would differ or was refused 有差异或被拒绝则以 1 退出
    #[arg(long)]
    pub exact: bool,
    /// Most lines of differences 最多列出的差异行数
    #[arg(long, default_value_t = 50)]
    pub most: usize,
    /// How to print 输出格式
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `definitions`.
#[derive(Debug, Group)]
pub struct Definitions {
    /// The playbook's folder 配置包文件夹
    pub folder: PathBuf,
    /// Where to write; in the playbook's folder .ticketry unless given 输出文件夹，默认为配置包内的 .ticketry
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// `reference`.
#[derive(Debug, Group)]
pub struct Reference {
    /// Of which kind of file: workflow, roster, … 文件种类
    pub kind: Option<String>,
}

/// `new`.
#[derive(Debug, Group)]
pub struct New {
    /// The folder to make; its last part is the playbook's name 要新建的文件夹，末段为名称
    pub folder: PathBuf,
}

/// `export`.
#[derive(Debug, Group)]
pub struct Export {
    /// The store file of a desk 存储文件
    pub store: PathBuf,
    /// Where to write; standard output unless given 输出文件，默认标准输出
    #[arg(long)]
    pub out: Option<PathBuf>,
}
