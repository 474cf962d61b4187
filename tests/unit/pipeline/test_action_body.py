"""What the guide says of the message is what is sent."""

import json
import re
from pathlib import Path

from haetae.pipeline.acting.action_body import ActionBody, ActionEvent

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "approvals.md"


def test_the_example_of_the_guide_has_the_fields_of_the_message():
    example = json.loads(re.search(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[1])
    assert list(example) == [field.alias or name for name, field in ActionBody.model_fields.items()]
    assert list(example["event"]) == list(ActionEvent.model_fields)
