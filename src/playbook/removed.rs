//! Names that one playbook has and the next one has not (S89).

use super::{Migration, Playbook, migration};
use crate::diagnostic::{Text, text};
use crate::id::*;
use crate::ticket::{Ticket, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Names a playbook no longer has, of kinds that tickets use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Ticket types.
    pub types: BTreeSet<TypeName>,
    /// Categories.
    pub categories: BTreeSet<CategoryPath>,
    /// Groups.
    pub groups: BTreeSet<GroupId>,
    /// Skills.
    pub skills: BTreeSet<SkillName>,
    /// Policies.
    pub policies: BTreeSet<PolicyName>,
    /// Values of `impact`, `urgency`, `priority` and of fields both have.
    pub values: BTreeMap<String, BTreeSet<LevelName>>,
}

impl Removed {
    /// What `old` has and `new` has not.
    pub fn between(old: &Playbook, new: &Playbook) -> Self {
        let (a, b) = (old.schema(), new.schema());
        let policies = |p: &Playbook| -> BTreeSet<PolicyName> { p.agreements().policies().map(|p| p.name.clone()).collect() };
        let of = ["impact", "urgency", "priority"].into_iter().chain(a.fields.keys().map(FieldName::as_str));
        let both = of.filter(|f| a.fields.contains_key(*f) == b.fields.contains_key(*f));
        let values = both.filter_map(|f| {
            let still = migration::values(b, f);
            let gone: BTreeSet<LevelName> = migration::values(a, f).into_iter().filter(|v| !still.contains(v)).collect();
            (!gone.is_empty()).then(|| (f.to_string(), gone))
        });
        Self {
            types: gone(&a.types, &b.types),
            categories: gone(&a.categories, &b.categories),
            groups: gone(&a.groups, &b.groups),
            skills: gone(&a.skills, &b.skills),
            policies: policies(old).difference(&policies(new)).cloned().collect(),
            values: values.collect(),
        }
    }
    /// Takes out what a migration maps.
    pub fn covered_by(&mut self, m: &Migration) {
        self.categories.retain(|n| !m.categories.contains_key(n));
        self.groups.retain(|n| !m.groups.contains_key(n));
        self.skills.retain(|n| !m.skills.contains_key(n));
        self.policies.retain(|n| !m.policies.contains_key(n));
        for (of, gone) in &mut self.values {
            gone.retain(|n| !m.values.get(of).is_some_and(|map| map.contains_key(n)));
        }
        self.values.retain(|_, gone| !gone.is_empty());
    }
    /// Nothing is gone.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
    /// Every name, each with its kind.
    pub fn names(&self) -> Vec<(Text, String)> {
        let all = |en: &str, zh: &str, names: Vec<&str>| -> Vec<(Text, String)> {
            names.into_iter().map(|n| (text(en, zh), n.to_string())).collect()
        };
        let mut out = all("type", "类型", self.types.iter().map(TypeName::as_str).collect());
        out.extend(all("category", "分类", self.categories.iter().map(CategoryPath::as_str).collect()));
        out.extend(all("group", "处理组", self.groups.iter().map(GroupId::as_str).collect()));
        out.extend(all("skill", "技能", self.skills.iter().map(SkillName::as_str).collect()));
        out.extend(all("policy", "协议", self.policies.iter().map(PolicyName::as_str).collect()));
        for (of, gone) in &self.values {
            out.extend(all(&format!("value of {of}"), &format!("{of} 的取值"), gone.iter().map(LevelName::as_str).collect()));
        }
        out
    }
    /// Those a ticket uses, each with its kind.
    pub fn used_by(&self, t: &Ticket) -> Vec<(Text, String)> {
        let mut used = Self::default();
        used.types.extend(self.types.get(&t.kind).cloned());
        used.categories.extend(t.category.as_ref().and_then(|c| self.categories.get(&c.value)).cloned());
        used.groups.extend(t.group.as_ref().and_then(|g| self.groups.get(g)).cloned());
        let skills = t.queue.iter().flat_map(|q| q.skills.keys());
        used.skills.extend(skills.filter(|s| self.skills.contains(*s)).cloned());
        used.policies.extend(t.adopted.iter().map(|a| &a.policy).filter(|p| self.policies.contains(*p)).cloned());
        for (of, gone) in &self.values {
            let level = |l: &Option<crate::ticket::Sourced<LevelName>>| l.iter().map(|l| l.value.clone()).collect::<Vec<_>>();
            let has = match of.as_str() {
                "impact" => level(&t.impact),
                "urgency" => level(&t.urgency),
                "priority" => level(&t.priority),
                field => match t.field(field) {
                    Some(Value::Choice(c)) => vec![c.clone()],
                    Some(Value::Choices(all)) => all.iter().cloned().collect(),
                    _ => Vec::new(),
                },
            };
            let has: BTreeSet<LevelName> = has.into_iter().filter(|v| gone.contains(v)).collect();
            if !has.is_empty() {
                used.values.insert(of.clone(), has);
            }
        }
        used.names()
    }
}

fn gone<N: Ord + Clone, A, B>(old: &BTreeMap<N, A>, new: &BTreeMap<N, B>) -> BTreeSet<N> {
    old.keys().filter(|n| !new.contains_key(*n)).cloned().collect()
}
