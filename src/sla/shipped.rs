//! The metrics that come with the library, declared as a host would declare his own.

use super::metric::{Metric, Scope};
use super::sign::Sign;
use crate::ticket::WaitsOn;

impl Metric {
    /// The metrics that come with the library, in the order their consequences are worked out.
    ///
    /// ```
    /// use ticketry::sla::{Metric, Sign};
    /// let r = Metric::shipped().into_iter().find(|m| m.name == *"resolution").unwrap();
    /// assert!(r.stop.iter().any(|c| c.on == Some(Sign::Final)) && r.lapse.is_empty());
    /// ```
    pub fn shipped() -> Vec<Self> {
        let outside = [WaitsOn::Requester, WaitsOn::Vendor, WaitsOn::Approval];
        let requester = [WaitsOn::Requester];
        vec![
            Self::new(Self::FIRST_RESPONSE, Scope::Ticket)
                .label("first response", "首次响应")
                .start(Sign::Opened)
                .stop(Sign::Answered)
                .lapse(Sign::Final)
                .cancel(Sign::Cancelled),
            Self::new(Self::NEXT_RESPONSE, Scope::Message)
                .label("next response", "后续响应")
                .start(Sign::OwedAgain)
                .stop(Sign::Answered)
                .lapse(Sign::Final)
                .cancel(Sign::Cancelled)
                .cancel(Sign::NotOwed),
            Self::new(Self::UPDATE, Scope::Message)
                .label("update", "进展更新")
                .start(Sign::Owed)
                .stop(Sign::Answered)
                .lapse(Sign::Final)
                .cancel(Sign::Cancelled)
                .cancel(Sign::NotOwed)
                .stops(requester),
            Self::new(Self::PERIODIC_UPDATE, Scope::Message)
                .label("periodic update", "定期更新")
                .start(Sign::Spoken)
                .stop(Sign::Answered)
                .stop(Sign::Final)
                .cancel(Sign::Cancelled)
                .stops(requester),
            Self::per_cycle(Self::RESOLUTION).label("resolution", "解决").stops(requester),
            Self::per_cycle(Self::REQUESTER_WAIT).label("requester wait", "请求人等待").stops(requester),
            Self::per_cycle(Self::AGENT_WORK).label("agent work", "坐席处理").stops(outside),
            Self::per_cycle(Self::TOTAL_RESOLUTION).label("total resolution", "总解决时长"),
            Self::new(Self::TIME_TO_ASSIGN, Scope::Ticket)
                .label("time to assign", "分派用时")
                .start(Sign::Opened)
                .stop(Sign::Assigned)
                .lapse(Sign::Final)
                .cancel(Sign::Cancelled),
            Self::new(Self::TIME_IN_STATE, Scope::Episode)
                .label("time in state", "状态停留")
                .start(Sign::Opened)
                .start(Sign::Moved)
                .stop(Sign::Moved)
                .stop(Sign::Final)
                .cancel(Sign::Cancelled),
            Self::new(Self::GROUP_OWNERSHIP, Scope::Episode)
                .label("group ownership", "处理组持有")
                .start(Sign::GroupEntered)
                .stop(Sign::GroupLeft)
                .stop(Sign::Final)
                .cancel(Sign::Cancelled),
        ]
    }

    fn per_cycle(name: &str) -> Self {
        Self::new(name, Scope::Cycle).start(Sign::Opened).start(Sign::Reopened).stop(Sign::Final).cancel(Sign::Cancelled)
    }
}
