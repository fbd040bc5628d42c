"""Chat: a conversation with a model or a flow, stored turn by turn as a session.

``open_partner`` finds who answers, ``Conversation`` asks and keeps what was said, and
``session_rows`` makes rows of a dataset from it.
"""

from flowgrade.chat.attachment import Attachment, load_attachment, text_attachment
from flowgrade.chat.conversation import Conversation, begin_session, continue_session
from flowgrade.chat.export import FORMATS, conversation_of, session_rows, transcript
from flowgrade.chat.flow_partner import FlowPartner
from flowgrade.chat.model_partner import ModelPartner
from flowgrade.chat.opening import open_partner
from flowgrade.chat.partner import Answer, Emit, Exchange, Partner

__all__ = [
    "FORMATS",
    "Answer",
    "Attachment",
    "Conversation",
    "Emit",
    "Exchange",
    "FlowPartner",
    "ModelPartner",
    "Partner",
    "begin_session",
    "continue_session",
    "conversation_of",
    "load_attachment",
    "open_partner",
    "session_rows",
    "text_attachment",
    "transcript",
]
