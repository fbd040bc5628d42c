"""A prompt flow project as a team has one: with flows, runs, connections and what is wrong."""

from __future__ import annotations

PROJECT = {
    "flows/ask/flow.dag.yaml": """
        inputs: {question: {type: string}}
        outputs: {answer: {type: string, reference: "${answer.output}"}}
        environment_variables: {TOKEN: "${tokens.token}"}
        additional_includes: [../shared/clean.py, ../shared/lost.py]
        nodes:
        - name: clean
          type: python
          source: {type: code, path: clean.py}
          inputs: {question: "${inputs.question}", service: search}
        - name: answer
          use_variants: true
        - name: rank
          type: python
          source: {type: package, tool: nowhere.rank}
        node_variants:
          answer:
            default_variant_id: one
            variants:
              one:
                node:
                  type: llm
                  source: {type: code, path: one.jinja2}
                  inputs: {deployment_name: gpt, question: "${clean.output}"}
                  connection: azure
                  api: chat
              two:
                node:
                  type: llm
                  source: {type: code, path: two.jinja2}
                  inputs: {model: gpt, question: "${clean.output}"}
                  connection: unheard_of
                  api: chat
        """,
    "flows/ask/one.jinja2": "user:\n{{question}}\n",
    "flows/ask/requirements.txt": "promptflow\nnowhere-to-be-found\n",
    "flows/shared/clean.py": """
        import json
        from typing import TYPE_CHECKING

        import nowhere_to_be_found
        from promptflow.connections import CognitiveSearchConnection
        from promptflow.core import tool
        from promptflow.core import never_heard_of

        import beside

        try:
            import optional_speedup
        except ImportError:
            optional_speedup = None

        if TYPE_CHECKING:
            import only_for_types


        @tool
        def clean(question: str, service: CognitiveSearchConnection):
            raise SystemExit("no code of the project runs")
        """,
    "flows/shared/beside.py": "import also_missing.deeply\n",
    "flows/good/flow.flex.yaml": "entry: good:Good\nsample:\n  inputs: {x: 1}\n",
    "flows/good/good.py": "class Good:\n    def __call__(self, x: int):\n        return x\n",
    "flows/good/data.jsonl": '{"x": 1}\n',
    "flows/good/run.yml": "flow: .\ndata: data.jsonl\ncolumn_mapping: {x: '${data.x}'}\n",
    "flows/good/lost.yml": "flow: .\ndata: lost.jsonl\n",
    "flows/say.prompty": """
        ---
        name: say
        model:
          api: chat
          configuration: {type: azure_openai, azure_deployment: gpt, connection: azure}
        inputs: {x: {type: string}}
        ---
        user:
        {{x}}
        """,
    "flows/sharp/flow.dag.yaml": "language: csharp\ninputs: {}\noutputs: {}\nnodes: []\n",
    "connections/azure.yml": """
        $schema: https://azuremlschemas.azureedge.net/promptflow/latest/AzureOpenAIConnection.schema.json
        name: azure
        type: azure_open_ai
        api_key: "<user-input>"
        api_base: https://from.file
        """,
    "connections/tokens.yml": """
        name: tokens
        type: custom
        configs: {endpoint: "https://<your-place>.test"}
        secrets: {token: "${env:MY_TOKEN}"}
        """,
    ".git/flow.dag.yaml": "nodes: []\n",
    "deploy/kubernetes.yaml": "kind: A\n---\nkind: B\n",
}
