"""Parts of the report page: plain arrays in, fragments of HTML, SVG and PNG out."""
